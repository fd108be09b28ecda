"""From steps of a trace to rules as people know them: the table, the chain, the number that iptables counts, and why the rule
is there."""

from __future__ import annotations

from explorer.network.journeys.ends import Ends, with_port
from explorer.network.journeys.gathered import Handles, Step
from explorer.network.journeys.model import Met, words_of_rule
from explorer.network.journeys.scene import Scene
from explorer.network.model import Rule, View
from explorer.network.writes import netavark

OURS = "explorer-trace"  # our own table is not part of the journey
ARRIVED, SENT = "arrived", "sent"  # its chains: every packet that comes in, or that the place sends itself, meets one first
VIEWS: dict[str, View] = {"nat": "nat", "filter": "filter"}
IPTABLES_NAT = ("nat", "ip6 nat")
LEAVING = ("POSTROUTING", "DOCKER_POSTROUTING", "nv_")  # what chains begin with in which sources are replaced
TRANSLATE = {
    "MASQUERADE": "the source is to be replaced",
    "SNAT": "the source is replaced",
    "DNAT": "the destination is replaced",
}
ARRIVE, LEAVE = {"dnat", "redirect"}, {"snat", "masquerade"}  # what nft prints for a rule that translates
REJECTING = {"REJECT", "reject"}  # what nft prints for a rule that rejects
VERDICTS = {
    "accept": "accepted",
    "drop": "dropped",
    "reject": "rejected",
    "return": "leaves this chain without a verdict",
    "continue": "goes on",
}


def in_nat(step: Step, scene: Scene, handles: Handles) -> bool:
    """Whether the rule is one of iptables' nat table, of a chain of nft's type nat, or one that translates."""
    if step.table in IPTABLES_NAT or (step.table == netavark.TABLE and netavark.translates(step.chain)):
        return True
    chain = scene.chain(step.place, step.table, step.chain)
    return (chain is not None and chain.type == "nat") or bool(_of_nft(step, handles))


def translated(step: Step, scene: Scene, handles: Handles, was: Ends | None, now: Ends | None) -> str:
    """What a rule of the nat table changed in the packet, read from the packet before and after."""
    if step.verdict != "accept" or step.policy or not in_nat(step, scene, handles):
        return ""
    arriving, leaving = remembered(was, now)
    if words := _of_nft(step, handles) if step.table not in IPTABLES_NAT else set():
        return leaving if words & LEAVE else arriving
    return leaving if step.chain.startswith(LEAVING) and not step.chain.endswith("_dnat") else arriving


def _of_nft(step: Step, handles: Handles) -> set[str]:
    """The words with which the rule of a step translates, as nft prints it."""
    return words_of_rule(_position(step, handles)[1]) & (LEAVE | ARRIVE)


def hook_of(step: Step, scene: Scene) -> str:
    """Where in the kernel's way of a packet the chain of a step is; "" for a chain that rules lead to."""
    if step.table.startswith("bridge "):
        return ""
    chain = scene.chain(step.place, step.table, step.chain)
    return chain.hook if chain is not None and chain.hook else step.chain.lower() if step.chain.isupper() else ""


def remembered(was: Ends | None, now: Ends | None) -> tuple[str, str]:
    """What differs between two sightings of one packet: (its destination, its source), each in words or empty."""
    if was is None or now is None:
        return "", ""
    told = []
    for side, one, other in (
        ("destination", (was.destination, was.destination_port), (now.destination, now.destination_port)),
        ("source", (was.source, was.source_port), (now.source, now.source_port)),
    ):
        told.append(f"{side} {with_port(*one)} becomes {with_port(*other)}" if one != other else "")
    return told[0], told[1]


def words_of_step(scene: Scene, place: str, step: Step, handles: Handles, change: str) -> tuple[str, Met] | None:
    """One sentence and the rule. None for our own table, and for a step that only says that a chain ended."""
    if step.table == OURS or (not step.handle and not step.policy):
        return None
    where = f"{place}: {step.chain} ({step.table})"
    verdict = f"{step.verdict} {step.target}" if step.target else step.verdict
    if step.policy:
        met = Met(table=step.table, chain=step.chain, verdict=step.verdict, rule=f"policy {step.verdict.upper()}")
        met = met.model_copy(update={"why": _policy_why(scene, place, step)})
        return f"{where}, policy: no rule decided, {VERDICTS.get(step.verdict, step.verdict)}", met
    position, text = _position(step, handles)
    rule = _rule(scene, place, step, position, handles)
    met = Met(
        table=step.table,
        chain=step.chain,
        position=position,
        rule=rule.spec if rule else text,
        key=rule.key if rule else "",
        verdict=verdict,
        why=scene.why(place, VIEWS.get(step.table, "raw"), rule.key) if rule else "",
    )
    if step.verdict == "drop" and met.rejects:
        met = met.model_copy(update={"verdict": "reject"})
    number = f", rule {position}" if position else ""
    blind = rule.target if rule and rule.target in TRANSLATE and step.verdict == "accept" and not change else ""
    does = (
        change
        or TRANSLATE.get(blind)
        or (f"on to chain {step.target}" if step.target else VERDICTS.get(met.verdict, met.verdict))
    )
    target = f"{rule.target}: " if rule and (change or blind) else ""
    return f"{where}{number}: {target}{does}", met


def _position(step: Step, handles: Handles) -> tuple[int, str]:
    for position, (handle, text) in enumerate(handles.get((step.table, step.chain), ()), start=1):
        if handle == step.handle:
            return position, text
    return 0, ""


def _rule(scene: Scene, place: str, step: Step, position: int, handles: Handles) -> Rule | None:
    """The rule in the view of its table; iptables-save prints the rules of a chain in the same order as nftables. None where
    the view is of another moment than the packet: the chain has other rules now."""
    fitting = [rule for rule in scene.rules(place, step.table) if rule.chain == step.chain]
    now = handles.get((step.table, step.chain), ())
    if not 0 < position <= len(fitting) or len(now) != len(fitting):
        return None
    rule, text = fitting[position - 1], now[position - 1][1]
    return rule if _same_end(rule.target, text) else None


def _same_end(target: str, text: str) -> bool:
    """Whether a rule that iptables printed ends as the one that nft printed: both drop, both reject, or both do neither."""
    words = words_of_rule(text)
    return (target == "DROP", target == "REJECT") == ("drop" in words, bool(words & REJECTING))


def _policy_why(scene: Scene, place: str, step: Step) -> str:
    return scene.why(place, VIEWS.get(step.table, "raw"), f"chain:{step.table}:{step.chain}")
