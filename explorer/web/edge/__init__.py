"""What every request meets: limits on bodies and rates, headers, errors, health, embedded pages."""
