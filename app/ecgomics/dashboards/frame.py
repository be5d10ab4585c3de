"""Frames: what every page has around its content, as Panel components."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import param
from panel.custom import AnyWidgetComponent, Child
from panel.io import unlocked

from ecgomics.dashboards.theme import stylesheet
from ecgomics.wording import counted
from ecgomics_widgets.hosting import module_text
from ecgomics_widgets.inbox import Inbox

if TYPE_CHECKING:
    from ecgomics.dashboards.census import Census
    from ecgomics.dashboards.pages import Visit


class Frame(AnyWidgetComponent):
    """Base of the frames: head with links to the other pages, foot, theme, notices, keys.

    Events (`event`, a dict with a `type`): ``theme`` (theme), ``undo``, and those of each frame.
    """

    # a frame needs children, which a HostedWidget has not; its module is hosted the same way
    _esm: ClassVar[Any] = "export default {render() {}}"

    place = param.Selector(default="page", objects=["page", "inline"], doc="Fills the window, or a notebook's cell.")
    tokens = param.String(default=stylesheet(), doc="Custom properties of both themes.")
    heading = param.String(default="", doc="Name of the page.")
    nav = param.List(default=[], doc="Links to the pages: dicts of `href`, `title`, `current`.")
    cohort = param.Dict(default={}, doc="`name`, `records`, `patients`, `synthetic`.")
    visitor = param.Dict(default={}, doc="Who signed in: `name`, `role`, `leave`; empty where nobody needs to.")
    keys = param.List(default=[], doc="Keys and what they do, for the help: pairs of texts.")
    status = param.List(default=[], doc="Texts of the footer.")
    texts = param.Dict(default={}, doc="English → the page's language; what is not there stays English.")
    undo = param.String(default="", doc="What undo would take back.")
    theme = param.Selector(default="light", objects=["light", "dark"], doc="Colours of the page.")
    notice = param.String(default="", doc="A sentence shown for a moment.")
    link = param.Parameter(default=None, doc="The query that leads back to this view; None leaves the address alone.")
    event = param.Dict(default={}, doc="The last thing done in the frame.")

    def __init__(self, **params: Any) -> None:
        super().__init__(**{"visitor": dict(_visitor[0]()), **params})

    def _process_events(self, events: dict[str, Any]) -> None:
        # all that follows from what was done goes to the browser in one message
        with unlocked():
            super()._process_events(events)


def name_visitors(ask: Callable[[], Mapping[str, str]] | None) -> None:
    """Say who tells whose session a page is made for, as `Frame.visitor`; None: nobody needs to sign in."""
    _visitor[:] = [ask or dict]


_visitor: list[Callable[[], Mapping[str, str]]] = [dict]


class PageFrame(Frame):
    """The frame of a page with one content, which it fills or scrolls in.

    Made by `PageFrame.around`. The frame changes its own `theme`; watch it to dress the content. Custom properties such
    as ``var(--eg-ink)`` (see `theme`) reach into the content, so that most of it dresses itself.

    Events beyond those of `Frame`: ``key`` (key), for keys named in `key_names` pressed outside of fields.
    """

    _esm: ClassVar[Any] = module_text("page_frame.js")

    fit = param.Selector(
        default="fill", objects=["fill", "scroll"], doc="Whether the content fills the page or scrolls."
    )
    help = param.String(default="", doc="A sentence under the keys in the help.")
    key_names = param.List(default=[], doc="Keys handed to Python, as the browser names them.")
    scroll = param.Integer(default=0, doc="Raise it to scroll back to the top.")

    body = Child()

    @classmethod
    def around(
        cls,
        visit: Visit,
        body: Any,
        *,
        fit: Literal["fill", "scroll"] = "fill",
        keys: Sequence[tuple[str, str]] = (),
        on_key: Callable[[str], None] | None = None,
        key_names: Sequence[str] = (),
        on_undo: Callable[[], None] | None = None,
        **params: Any,
    ) -> PageFrame:
        """Put the frame of a page around its content.

        Parameters
        ----------
        visit
            What the page is made for.
        body
            Anything Panel shows.
        fit
            ``"fill"``: the content is as high as the window leaves it; ``"scroll"``: as high as it is, scrolled.
        keys
            Keys of the page for the help sheet: (key, what it does).
        on_key, key_names
            Called with the browser's name of a key of `key_names` that was pressed.
        on_undo
            Called when undo is pressed; set `undo` to what it would take back.
        **params
            Other parameters of the frame, such as `status`, `help`.
        """
        frame = cls(
            **visit.frame_facts(),
            body=body,
            fit=fit,
            keys=[*map(list, keys), ["?", "this list"]],
            key_names=list(key_names),
            sizing_mode="stretch_both",
            **params,
        )
        inbox = Inbox()

        def act(change: Any) -> None:
            for event in inbox.take(change.new):
                if event.get("type") == "theme":
                    frame.theme = "dark" if event.get("theme") == "dark" else "light"
                elif event.get("type") == "key" and on_key is not None:
                    on_key(str(event.get("key")))
                elif event.get("type") == "undo" and on_undo is not None:
                    on_undo()

        frame.param.watch(act, "event")
        return frame


def cohort_facts(census: Census) -> Mapping[str, Any]:
    """What the head says of a cohort: `name`, `records`, `patients`, `synthetic`."""
    return {
        "name": str(getattr(census.cohort.path, "name", "")) or "cohort",
        "records": counted(len(census), "record"),
        "patients": counted(census.n_patients, "patient"),
        "synthetic": census.synthetic,
    }
