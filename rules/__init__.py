"""The rule language: file in, typed rules or diagnostics out. No I/O but rule files."""
