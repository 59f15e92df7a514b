"""makegood: policy as code for the helpdesk you already have."""

__version__ = "0.1.0"
