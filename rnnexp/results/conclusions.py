"""What a run or a study was to answer, and the answer in sentences, with their uncertainty."""

from rnnexp.results import words
from rnnexp.results.runs import RunDirectory
from rnnexp.results.study import Study
from rnnexp.results.summary import Summary
from rnnexp.scores import Score

#: What settings are called in a question, where their names would not be understood.
_CALLED = {
    "model": "the model",
    "data": "the data",
    "seq_len": "the length of the sequences",
    "data.distance": "the distance of the cue",
    "model.readout": "where the answer is read",
    "data.padding": "where the pads are",
    "init": "the initialisation",
    "clip": "clipping",
    "clip.max_norm": "the bound of clipping",
    "optimizer": "the optimizer",
    "optimizer.lr": "the learning rate",
    "schedule": "the schedule of the learning rate",
}

#: Of fewer test examples a run's score is a matter of luck, and no verdict is given of it.
FEW_EXAMPLES = 10

#: Of more settings that vary a question names so many.
_MOST_NAMED = 4


def question_of_study(study: Study) -> str:
    """The question that its runs have in `question`; else one made of the settings that vary."""
    first, *others = [_asked(run.directory) for run in study.runs] or [None]
    if first is not None and all(other == first for other in others):
        return first
    score = study.score.axis
    if study.search is not None:
        return f"Which settings give the best validation {study.search.objective.axis}?"
    # the model is named in every table, whether it varies or not
    factors = [
        name
        for name in study.factors
        if len({str(group.factors[name]) for group in study.groups()}) > 1
    ]
    if not factors:
        return f"Which {score} do these runs reach?"
    named = [_CALLED.get(name, words.setting_name(name)) for name in factors[:_MOST_NAMED]]
    if len(factors) > _MOST_NAMED:
        named.append(f"{len(factors) - _MOST_NAMED} more settings")
    *before, last = named
    listed = f"{', '.join(before)} and {last}" if before else last
    return f"How does the test {score} depend on {listed}?"


def question_of_run(run: RunDirectory) -> str:
    """The question that it has in `question`; else what any run is asked."""
    question = _asked(run)
    if question is not None:
        return question
    summary = run.summary
    model = words.model_name(str(summary.model))
    data = words.data_name(str(summary.data), summary.synthetic)
    return f"What has the {model} learned from {data} over {summary.seq_len} steps, and why?"


def _asked(run: RunDirectory) -> str | None:
    """What it has in `question`; None where that says nothing, and of a run that did not come as
    far as writing its settings.
    """
    question = run.config_as_written.get("question") if run.has_config else None
    return question if isinstance(question, str) and question.strip() else None


def result_of(summary: Summary) -> str:
    """How a run ended, in a sentence: its test score, the interval over test examples, chance."""
    if summary.status != "finished":
        because = f": {summary.reason}" if summary.reason else ""
        if summary.status == "diverged":  # which is a result, and a score is none
            return f"The training diverged, so that nothing was tested{because}."
        return f"The run has no result: it is {summary.status}{because}."
    score = summary.score()
    value = None if score is None or summary.test is None else summary.test.get(score.name)
    if score is None or value is None:
        return "The run has finished without a score."
    sentence = f"Test {score.axis} {score.show(value)}"
    ends = (summary.test_interval or {}).get(score.name) or (None, None)
    low, high = ends
    if low is not None and high is not None:
        n = summary.data_report.get("test", "the")
        over = f"{n} test example{'' if n == 1 else 's'}"
        sentence += f" (95% interval over {over}: {score.show(low)} to {score.show(high)})"
    if is_of_few_examples(summary):
        return sentence + ": of so few examples that says nothing of how well it does."
    if score.chance is None:
        return sentence + "; what chance gives is not known."
    sentence += f"; chance is {score.show(score.chance)}"
    if low is None or high is None or not score.tells_skill:
        return sentence + "."
    return sentence + f": {_against_chance(score, (low, high))}."


def is_of_few_examples(summary: Summary) -> bool:
    """Whether it was tested on so few that its score says nothing."""
    n = summary.data_report.get("test")
    return isinstance(n, int) and n < FEW_EXAMPLES


def _against_chance(score: Score, ends: tuple[float, float]) -> str:
    """What the whole interval over test examples says of chance."""
    if score.beats_chance(ends):
        return "it beats chance"
    skills = [score.skill(end) for end in ends]
    if all(skill is not None and skill < 0 for skill in skills):
        return "it is worse than chance"
    return f"not clearly {'above' if score.better == 'high' else 'better than'} chance"
