"""What every request meets: limits on body length and on rates, headers, error pages, health checks, embedded pages."""
