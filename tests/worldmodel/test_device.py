import pytest
import torch

from s2rm_sc2.errors import BadArgument
from s2rm_sc2.seeds import stream
from s2rm_sc2.store import EpisodeStore
from worldmodel.config import preset
from worldmodel.dream import places_loss, units_loss
from worldmodel.models import MODELS, build
from worldmodel.places import darkness, draw_places
from worldmodel.train import choose_device
from worldmodel.windows import WindowSource, draw_views


def test_a_device_that_is_not_there_is_said() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    with pytest.raises(BadArgument, match="'gpu' is unknown; choose one of auto, cpu, cuda"):
        choose_device("gpu")
    if not torch.cuda.is_available():
        assert choose_device("auto") == torch.device("cpu")
        with pytest.raises(BadArgument, match="finds none"):
            choose_device("cuda")


# Where the shapes of a model follow from the content of its tensors, it cannot run on tensors without content.
SHAPED_BY_CONTENT = {"s2gru-local", "learned-table"}


@pytest.mark.parametrize("name", MODELS)
def test_every_tensor_of_an_update_is_made_where_the_model_is(name: str, store_2s3z: EpisodeStore) -> None:
    without_content = torch.device("meta")  # mixing such tensors with the CPU's is an error
    here, elsewhere = torch.device("cpu"), without_content
    if name in SHAPED_BY_CONTENT:
        here, elsewhere = elsewhere, here
    rng = stream(0, "device")
    windows = WindowSource([store_2s3z], "train").sample(2, 6, rng)
    keep = draw_views(windows.agents, 6, 0.2, True, rng).to(elsewhere)
    places = draw_places(windows, 3, 5, rng).to(elsewhere)
    windows, model = windows.to(elsewhere), build(preset("debug", name)[0]).to(elsewhere)
    with here:  # where a tensor is made that is not told where
        asked = [units_loss(model, windows, keep, 3, 2)]
        if model.answers_places:
            asked.append(places_loss(model, windows, keep, places))
        assert {loss.device for loss in asked} == {elsewhere}
        assert darkness(windows, keep, places).device == elsewhere
