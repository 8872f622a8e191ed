"""What every room stands on: compiled kernels, record declarations, physical constants."""
