"""Model files: what a forecaster is and has learned, as JSON and raw arrays, without code.

``forecaster.save(path)`` writes one, :func:`forecasting.load` reads it. How the bytes lie is in
``container.py``; why so, and what was rejected, in ``decisions/model-files.md``.
"""
