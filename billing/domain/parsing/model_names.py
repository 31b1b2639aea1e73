"""A model's canonical id out of the names that bills give it: `Claude4.6Opus`, `Claude Opus 4.6`, `claude-opus-4-6`."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection
from functools import lru_cache

from billing.domain.catalog import PUBLISHER_OF, FoundationModel, ModelCatalog
from billing.domain.parsing.usage_type_tables import model_names

Signature = tuple[tuple[str, ...], tuple[str, ...]]

PIECES = re.compile(r"[a-z]+|[0-9]+")
# A camel-cased word begins anew with its capital; an abbreviation (GPT, OSS, VL) does not.
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|(?<=[A-Za-z])(?=v[0-9])")
WHOLE_VERSION = re.compile(r"([0-9])\.0(?![0-9])")  # 2.0 is 2
# In AWS's ids: the day of release, a first version, and a minor one of none, which go unsaid everywhere else.
UNSAID = re.compile(r"-20[0-9]{6}|-v1(?=$|:)|:0$")
# Who made the model, and what every model is; both are said in some names and left out in others.
NOISE = frozenset(
    {
        "ai",
        "aws",
        "amazon",
        "anthropic",
        "chat",
        "google",
        "instruct",
        "it",
        "meta",
        "model",
        "moonshot",
        "moonshotai",
        "nvidia",
        "open",
        "openai",
        "v",
        "writer",
        "x",
        "xai",
        "zai",
    }
)


class ModelNames:
    """Finds models by name, whatever the order of family and version (it flips with Claude 4) and the punctuation."""

    def __init__(self, models: Collection[FoundationModel]) -> None:
        found: dict[Signature, set[str]] = defaultdict(set)
        run_together: dict[str, set[str]] = defaultdict(set)
        makers: dict[str, Counter[str]] = defaultdict(Counter)
        self._publishers: dict[str, str] = {}
        for model in models:
            self._publishers[model.model_id] = model.publisher
            bare = (UNSAID.sub("", aws_id.partition(".")[2]) for aws_id in model.aws_model_ids)
            for name in (model.model_id, model.display_name, *bare):
                found[signature(name)].add(model.model_id)
                run_together[_squeezed(name)].add(model.model_id)
            makers[_family(model.model_id)][model.publisher] += 1
        # A name that several models share names none of them.
        self._by_signature = {key: next(iter(ids)) for key, ids in found.items() if len(ids) == 1 and key != ((), ())}
        self._by_letters = {key: next(iter(ids)) for key, ids in run_together.items() if len(ids) == 1 and key}
        self._makers = sorted({model.publisher.casefold() for model in models}, key=len, reverse=True)
        self._publisher_of_family = {family: next(iter(of)) for family, of in makers.items() if len(of) == 1}

    def find(self, name: str) -> str:
        """The canonical id, or "" for a name that is not known."""
        bare = name.strip()
        # The maker may stand before the name: `Mistral AI Mistral Large 3`.
        maker = next((maker for maker in self._makers if bare.casefold().startswith(f"{maker} ")), "")
        for one in (bare, bare[len(maker) :]):
            alias = model_names().get(one.strip().casefold(), "")
            found = alias if alias in self._publishers else self._by_signature.get(signature(one), "")
            if found := found or self._by_letters.get(_squeezed(one), ""):
                return found
        return ""

    def publisher(self, model_id: str, name: str) -> str:
        """Who made the model: told by its id, or by the family or maker that an unknown name begins with; or ""."""
        if model_id:
            return self._publishers.get(model_id, "")
        return self._publisher_of_family.get(_family(name), "") or PUBLISHER_OF.get(_first_word(name), "")


@lru_cache(maxsize=8)
def names_in(catalog: ModelCatalog) -> ModelNames:
    """The names of a catalog's models, made once for each catalog."""
    return ModelNames(catalog.models.values())


def signature(name: str) -> Signature:
    """What is left of a name when order of words, case and punctuation are taken away: its words, and its numbers."""
    pieces = PIECES.findall(CAMEL.sub(" ", WHOLE_VERSION.sub(r"\1", name.replace("+", " plus "))).lower())
    words = sorted(piece for piece in pieces if not piece.isdigit() and piece not in NOISE)
    return tuple(words), tuple(piece.lstrip("0") for piece in pieces if piece.isdigit())


def _squeezed(name: str) -> str:
    """Letters and digits in their order: of names that are run together, where no sign tells 3 8B from 38B."""
    return "".join(PIECES.findall(name.lower()))


def _family(name: str) -> str:
    pieces = PIECES.findall(CAMEL.sub(" ", name).lower())
    return next((piece for piece in pieces if not piece.isdigit() and piece not in NOISE), "")


def _first_word(name: str) -> str:
    return next(iter(PIECES.findall(CAMEL.sub(" ", name).lower())), "")
