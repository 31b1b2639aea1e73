"""The words a cost is known by: basis, granularity, dimensions, token classes, routing, tier, and the series."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop


class Basis(StrEnum):
    """Which of the two numbers is meant: tokens times a price (an estimate), or what AWS put on the bill."""

    RATED = "rated"
    BILLED = "billed"


class Granularity(StrEnum):
    """The length of one period in an answer."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


class Dimension(StrEnum):
    """What spend and usage can be grouped and filtered by; the values are the API's names."""

    MODEL = "model"
    PUBLISHER = "publisher"
    PROVIDER = "provider"
    AWS_REGION = "aws_region"
    AWS_ACCOUNT = "aws_account"
    COST_CENTER = "cost_center"
    SERVICE = "service"
    USAGE_TYPE = "usage_type"
    TOKEN_CLASS = "token_class"  # noqa: S105 - the name of a dimension, not a secret
    ROUTING = "routing"
    TIER = "tier"
    HEADING = "heading"
    CHARGE_CATEGORY = "charge_category"


RATED_DIMENSIONS = frozenset(
    {
        Dimension.MODEL,
        Dimension.PUBLISHER,
        Dimension.PROVIDER,
        Dimension.AWS_REGION,
        Dimension.AWS_ACCOUNT,
        Dimension.COST_CENTER,
        Dimension.TOKEN_CLASS,
        Dimension.ROUTING,
        Dimension.TIER,
    }
)
# A bill line says which account used which usage type of which service; model, region, routing and the rest are read out
# of the usage type (domain/parsing/usage_types.py).
BILLED_DIMENSIONS = frozenset(Dimension)
# What stands for the model and publisher of a bill line that has none, as a guardrail's; one that is merely not
# recognised stands as nothing.
NO_MODEL = "no_model"
DIMENSIONS_OF = {Basis.RATED: RATED_DIMENSIONS, Basis.BILLED: BILLED_DIMENSIONS}


class DimensionNotInBasis(Invalid):
    """The facts of this basis do not carry the dimension."""

    code: ClassVar[str] = "dimension_not_in_basis"
    message: ClassVar[str] = gettext_noop("The %(basis)s basis has no %(dimension)s.")


class Provider(StrEnum):
    """Who bills for the use, as opposed to the publisher, who made the model."""

    AWS_BEDROCK = "aws_bedrock"
    AZURE_OPENAI = "azure_openai"
    GOOGLE_VERTEX = "google_vertex"
    OTHER = "other"


class ChargeCategory(StrEnum):
    """What kind of charge a bill line is, in the words of FOCUS 1.2 (ChargeCategory), with refunds apart."""

    USAGE = "USAGE"
    PURCHASE = "PURCHASE"
    TAX = "TAX"
    CREDIT = "CREDIT"
    REFUND = "REFUND"
    ADJUSTMENT = "ADJUSTMENT"


class CostHeading(StrEnum):
    """Under which heading of a statement a bill line stands: everything that a provider bills for AI has one."""

    TOKENS = "TOKENS"
    MEDIA = "MEDIA"  # images, seconds of speech and video, search units
    GUARDRAILS = "GUARDRAILS"
    KNOWLEDGE_BASES = "KNOWLEDGE_BASES"
    AGENTS = "AGENTS"
    AGENTCORE = "AGENTCORE"
    CUSTOM_MODELS = "CUSTOM_MODELS"  # training and storage
    IMPORTED_MODELS = "IMPORTED_MODELS"
    PROVISIONED_THROUGHPUT = "PROVISIONED_THROUGHPUT"
    RESERVED_THROUGHPUT = "RESERVED_THROUGHPUT"
    DATA_AUTOMATION = "DATA_AUTOMATION"
    OTHER = "OTHER"  # read, and none of the above
    UNRECOGNIZED = "UNRECOGNIZED"


class PriceOrigin(StrEnum):
    """Where a rate comes from; the first that has one wins, in this order."""

    OVERRIDE = "OVERRIDE"
    LEARNT = "LEARNT"
    PRICE_LIST = "PRICE_LIST"
    COMMITTED = "COMMITTED"


class TokenClass(StrEnum):
    """Disjoint: a token is counted in exactly one class.

    CACHE_WRITE is a cache write whose lifetime the source does not tell (CloudWatch does not).
    """

    INPUT = "input"
    OUTPUT = "output"
    CACHE_READ = "cache_read"
    CACHE_WRITE = "cache_write"
    CACHE_WRITE_5M = "cache_write_5m"
    CACHE_WRITE_1H = "cache_write_1h"


TOKEN_CLASSES = tuple(TokenClass)


class BilledTokenClass(StrEnum):
    """What a bill line counts: the classes of tokens, and what only a bill tells apart.

    Which unit it is counted in (tokens, images, seconds, tokens per minute and hour) stands beside it.
    """

    INPUT = "input"
    OUTPUT = "output"
    CACHE_READ = "cache_read"
    CACHE_WRITE = "cache_write"
    CACHE_WRITE_5M = "cache_write_5m"
    CACHE_WRITE_30M = "cache_write_30m"
    CACHE_WRITE_1H = "cache_write_1h"
    CACHE_STORAGE = "cache_storage"
    INPUT_AUDIO = "input_audio"
    INPUT_IMAGE = "input_image"
    INPUT_SPEECH = "input_speech"
    INPUT_VIDEO = "input_video"
    OUTPUT_AUDIO = "output_audio"
    OUTPUT_IMAGE = "output_image"
    OUTPUT_SPEECH = "output_speech"
    OUTPUT_VIDEO = "output_video"


class Routing(StrEnum):
    """Where a call may be served: in its own region, in the regions of a geography, anywhere."""

    IN_REGION = "IN_REGION"
    GEO = "GEO"
    GLOBAL = "GLOBAL"


class RoutingClass(StrEnum):
    """The two routings a price list knows: in-region and geo share one price, global has another."""

    REGIONAL = "REGIONAL"
    GLOBAL = "GLOBAL"


ROUTING_CLASS_OF = {
    Routing.IN_REGION: RoutingClass.REGIONAL,
    Routing.GEO: RoutingClass.REGIONAL,
    Routing.GLOBAL: RoutingClass.GLOBAL,
}


class Tier(StrEnum):
    """The service tier that served a call."""

    STANDARD = "STANDARD"
    BATCH = "BATCH"
    FLEX = "FLEX"
    PRIORITY = "PRIORITY"
    RESERVED = "RESERVED"
    LATENCY_OPTIMIZED = "LATENCY_OPTIMIZED"


class ContextBand(StrEnum):
    """Some models cost more per token when the prompt is long."""

    STANDARD = "STANDARD"
    LONG = "LONG"


class Namespace(StrEnum):
    """Where tokens are counted: the CloudWatch namespaces whose tokens count, and events of other meters.

    They hold different traffic. `AWS/Bedrock/Agents` repeats the tokens of `AWS/Bedrock` and is therefore no member.
    """

    BEDROCK = "AWS/Bedrock"
    MANTLE = "AWS/BedrockMantle"
    EVENTS = "usage-events"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesKey:
    """Everything about a line of usage that does not change from hour to hour, as its source said it."""

    aws_account_id: str
    aws_region: str
    namespace: Namespace
    aws_model_id: str  # raw, as CloudWatch said it
    model_id: str  # canonical; "" when the raw id is not recognised
    publisher: str  # "" when unknown
    routing: Routing
    tier: Tier = Tier.STANDARD
    inference_profile_id: str = ""
    project: str = ""
