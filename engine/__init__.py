"""What happens: rules and tickets in, plans and outcomes out."""
