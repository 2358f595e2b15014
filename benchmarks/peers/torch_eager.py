"""Plain PyTorch as a careful user writes it: images on the device, channels last, fused Adam."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from peers.interface import LEARNING_RATE, Done, Job, Refused
from peers.torch_nets import Decoder, Encoder, losses, mirrored, parameters

Loss = Callable[[torch.Tensor], torch.Tensor]

_AUTOCAST = {"mixed_bfloat16": torch.bfloat16, "mixed_float16": torch.float16}


class Peer:
    """A training loop; `prepared` may make more of the loss."""

    @classmethod
    def check(cls, precision: str, backend: str) -> None:
        if precision == "mixed_float16" and not torch.cuda.is_available():
            raise Refused("PyTorch's peers do mixed_float16 on a GPU only.")

    def __init__(self, job: Job) -> None:
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.set_float32_matmul_precision("high")  # on a GPU TF32, as JAX takes
        nets = [Encoder(job.weights), Decoder(job.weights)]
        self._encoder, self._decoder = (
            net.to(self._device, memory_format=torch.channels_last).train() for net in nets
        )
        self._images = mirrored(job.images).to(self._device)
        self._batch_size = job.batch_size
        self._type = _AUTOCAST.get(job.precision)
        weights = [*self._encoder.parameters(), *self._decoder.parameters()]
        self._optimizer = torch.optim.Adam(weights, LEARNING_RATE, eps=1e-7, fused=True)
        self._scaler = torch.amp.GradScaler(
            self._device.type, enabled=job.precision == "mixed_float16"
        )
        self._loss = self.prepared(self._plain_loss)

    def prepared(self, loss: Loss) -> Loss:
        """The loss as it is."""
        return loss

    @property
    def parameters(self) -> tuple[int, int]:
        return parameters(self._encoder, self._decoder)

    def steps(self, count: int) -> Done:
        order = torch.randperm(len(self._images), device=self._device)
        batches = order[: count * self._batch_size].view(count, self._batch_size)
        began = time.perf_counter()
        for indices in batches:
            self.before_step()
            self._optimizer.zero_grad(set_to_none=True)
            loss = self._loss(self._images[indices])
            self._scaler.scale(loss).backward()
            self._scaler.step(self._optimizer)
            self._scaler.update()
        if self._device.type == "cuda":
            torch.cuda.synchronize()  # the update comes after the loss
        return Done(time.perf_counter() - began, loss.item())

    def before_step(self) -> None:
        """Nothing."""

    def _plain_loss(self, stored: torch.Tensor) -> torch.Tensor:
        x = stored.float() / 255
        with torch.autocast(self._device.type, self._type, enabled=self._type is not None):
            mu, log_variance = self._encoder(x.contiguous(memory_format=torch.channels_last))
            z = mu + torch.exp(log_variance / 2) * torch.randn_like(mu)
            y = self._decoder(z)
        reconstruction, kl = losses(x, y, mu, log_variance)
        return (reconstruction + kl).mean()
