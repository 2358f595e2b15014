"""pythae's VAE with the tutorial's nets as its custom ones, under pythae's own trainer."""

from __future__ import annotations

import tempfile
import time

import torch
from pythae.data.datasets import BaseDataset
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig

from peers.interface import LEARNING_RATE, Done, Job, Refused
from peers.torch_nets import Decoder, Encoder, losses, mirrored, parameters


class _Encoder(BaseEncoder):
    def __init__(self, net: Encoder) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: torch.Tensor) -> ModelOutput:
        mu, log_variance = self.net(x)
        return ModelOutput(embedding=mu, log_covariance=log_variance)


class _Decoder(BaseDecoder):
    def __init__(self, net: Decoder) -> None:
        super().__init__()
        self.net = net

    def forward(self, z: torch.Tensor) -> ModelOutput:
        return ModelOutput(reconstruction=self.net(z))


class _VAE(VAE):
    """With the tutorial's weight on the squared error."""

    def loss_function(
        self,
        recon_x: torch.Tensor,
        x: torch.Tensor,
        mu: torch.Tensor,
        log_var: torch.Tensor,
        z: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        reconstruction, kl = (loss.mean() for loss in losses(x, recon_x, mu, log_var))
        return reconstruction + kl, reconstruction, kl


class Peer:
    """An epoch of pythae's trainer over as many images as the steps take."""

    @classmethod
    def check(cls, precision: str, backend: str) -> None:
        if precision != "float32":
            raise Refused("The peer pythae is measured in float32 only.")

    def __init__(self, job: Job) -> None:
        self._images = mirrored(job.images).float() / 255
        self._nets = Encoder(job.weights), Decoder(job.weights)
        config = VAEConfig(input_dim=(1, 28, 28), latent_dim=2)
        model = _VAE(config, encoder=_Encoder(self._nets[0]), decoder=_Decoder(self._nets[1]))
        folder = tempfile.mkdtemp(prefix="pythae-")
        self._trainer = BaseTrainer(
            model,
            self._dataset(job.batch_size),
            training_config=BaseTrainerConfig(
                output_dir=folder,
                per_device_train_batch_size=job.batch_size,
                learning_rate=LEARNING_RATE,
                num_epochs=1,
            ),
        )
        self._trainer.prepare_training()
        self._batch_size = job.batch_size

    @property
    def parameters(self) -> tuple[int, int]:
        return parameters(*self._nets)

    def steps(self, count: int) -> Done:
        trainer = self._trainer
        trainer.train_loader = trainer.get_train_dataloader(self._dataset(count * self._batch_size))
        began = time.perf_counter()
        loss = trainer.train_step(1)  # an epoch, in its words; it ends with the loss on the host
        return Done(time.perf_counter() - began, loss)

    def _dataset(self, count: int) -> BaseDataset:
        return BaseDataset(self._images[:count], torch.zeros(count))
