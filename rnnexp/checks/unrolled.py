"""The written-out cells against torch's modules."""

from rnnexp.checks.networks import batch_of
from rnnexp.checks.suite import Values, check
from rnnexp.embedding.features import Features
from rnnexp.model import fused
from rnnexp.model.unrolled import Unrolled
from rnnexp.types import Batch


@check("unrolled: the written-out LSTM equals torch.nn.LSTM", 1e-6, relative=False)
def lstm_is_torchs() -> tuple[Values, Values]:
    theirs = fused.LSTM(Features(3), 1, hidden_size=32, num_layers=2)
    ours = Unrolled(Features(3), 1, cell="lstm", hidden_size=32, num_layers=2)
    ours.load_state_dict(theirs.state_dict())
    batch = batch_of(100, [100, 40])
    batch = Batch(batch.inputs.float(), batch.targets, batch.lengths)
    return theirs(batch).detach().double().numpy(), ours(batch).detach().double().numpy()
