"""The faces of the centre but the first, each made when it is first shown: many a session needs none of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lstmviz.app.view import View


def _unrolled() -> View:
    from lstmviz.app.views.unrolled import UnrolledView

    return UnrolledView()


def _layer() -> View:
    from lstmviz.app.views.layer import LayerView

    return LayerView()


def _training() -> View:
    from lstmviz.app.views.training import TrainingView

    return TrainingView()


def _flow() -> View:
    from lstmviz.app.views.flow import FlowPlotView

    return FlowPlotView()


FACE_VIEWS: Mapping[str, Callable[[], View]] = {
    "unrolled": _unrolled,
    "layer": _layer,
    "training": _training,
    "flow": _flow,
}
"""What makes each, by the name of the face."""
