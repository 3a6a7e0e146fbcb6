"""The leak audit: oracles that change what must not matter, and the certificate of what they found.

Nothing here knows the engine: an oracle is handed a ``replay``, a backtest whose settings are set.
"""

from forecasting.auditing.causes import Cause
from forecasting.auditing.certificate import (
    Certificate,
    CertificateFileError,
    Tried,
    certificate_from,
    load_certificate,
)
from forecasting.auditing.certify import (
    Sample,
    Settings,
    ask,
    certify,
    certify_sample,
    make_trial,
    pick_series,
    series_needed,
    usual_cutoffs,
)
from forecasting.auditing.oracles import (
    LEAK_ORACLES,
    ORACLES,
    Finding,
    Oracle,
    choose_oracles,
    judge,
)
from forecasting.auditing.trial import Trial, new_process

__all__ = [
    "LEAK_ORACLES",
    "ORACLES",
    "Cause",
    "Certificate",
    "CertificateFileError",
    "Finding",
    "Oracle",
    "Sample",
    "Settings",
    "Trial",
    "Tried",
    "ask",
    "certificate_from",
    "certify",
    "certify_sample",
    "choose_oracles",
    "judge",
    "load_certificate",
    "make_trial",
    "new_process",
    "pick_series",
    "series_needed",
    "usual_cutoffs",
]
