"""The default forecaster: which components suit the data, and the combination of them."""
