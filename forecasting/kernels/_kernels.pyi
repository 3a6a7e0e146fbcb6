from typing import Protocol

from forecasting._typing import FloatArray, IntArray

class Kernel(Protocol):
    def __call__(
        self,
        values: FloatArray,  # (n,)
        starts: IntArray,  # (S,)
        stops: IntArray,  # (S, K)
        first: float,
        second: float,
        out: FloatArray,  # (S, K, width), filled
    ) -> None: ...

croston: Kernel
tsb: Kernel
croston_optimised: Kernel
adida: Kernel
imapa: Kernel
ses_optimised: Kernel
