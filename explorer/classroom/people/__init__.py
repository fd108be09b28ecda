"""Who asks and what they may do: roles, access, the audit log, rates, signed passes of embedded pages."""
