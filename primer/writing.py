"""A combination in words and in code."""

import random

from concept import Parameters, fill, rename
from family import VARIABLES, Combination

LEADS = ("Return {}.", "Write a function that returns {}.", "Given {given}, return {}.", "Find {}.")
TWO = ("Take {np}. Return {}.", "Look at {np}. Return {}.")


def program(combination: Combination, forms: list[str], rng: random.Random) -> str:
    """A program in one of the base's layouts, from a form for each slot."""
    walked, condition, made, reduced = forms
    variable = VARIABLES[combination.family.kind]
    name = rng.choice(("ys", "ys", "out", "res"))
    layout = rng.choice(("loop", "loop", "comprehension", "comprehension", "comprehension", "stepwise"))
    if layout == "loop":
        lines = [f"{name} = []", f"for {variable} in {walked}:"]
        lines += [f"    if {condition}:", f"        {name}.append({made})"] if condition else []
        lines += [] if condition else [f"    {name}.append({made})"]
    elif layout == "stepwise" and condition and made != variable and variable != "k, v":
        lines = [f"{name} = [{variable} for {variable} in {walked} if {condition}]"]
        lines.append(f"{name} = [{made} for {variable} in {name}]")
    else:
        lines = [f"{name} = [{made} for {variable} in {walked}{' if ' + condition if condition else ''}]"]
    reduced = rename(reduced, {"ys": name})
    lines += (reduced if "return" in reduced else f"return {reduced}").split("\n")
    return f"def f({combination.family.argument}):\n" + "".join(f"    {line}\n" for line in lines)


def reference(combination: Combination, parameters: list[Parameters]) -> str:
    """A right program in a style of its own."""
    walked, condition, made, reduced = (
        fill(slot.reference, settled) for slot, settled in zip(combination.slots, parameters, strict=True)
    )
    to = {"x": "item", "w": "word", "c": "letter", "k": "key", "v": "value", "ys": "picked"}
    variable = rename(VARIABLES[combination.family.kind], to)
    made = f"yield {rename(made, to)}"
    inner = [f"if {rename(condition, to)}:", f"    {made}"] if condition else [made]
    lines = ["def pick():", f"    for {variable} in {walked}:", *(f"        {line}" for line in inner), ""]
    lines += ["picked = list(pick())", f"return {rename(reduced, to)}"]
    return f"def f({combination.family.argument}):\n" + "".join(f"    {line}".rstrip() + "\n" for line in lines)


def instruction(combination: Combination, parameters: list[Parameters], rng: random.Random) -> str:
    """The task in one or two sentences."""
    family = combination.family
    _, kept, made, reduced = (
        fill(rng.choice(slot.phrases), settled) if slot.phrases else ""
        for slot, settled in zip(combination.slots, parameters, strict=True)
    )
    # "the numbers in the list above 3", but "the even numbers in the list"
    if kept.startswith("$n"):
        elements = "the " + kept.replace("$n", f"{family.noun} {family.where}")
    else:
        elements = f"the {kept.replace('$n', family.noun)} {family.where}"
    if rng.random() < 0.7:
        subject = f"the {made} of {elements}" if made else elements
        return rng.choice(LEADS).replace("{given}", family.given).replace("{}", reduced.replace("$np", subject))
    subject = f"the {made}" if " of the " in made else f"their {made}" if made else "them"
    return rng.choice(TWO).replace("{np}", elements).replace("{}", reduced.replace("$np", subject))
