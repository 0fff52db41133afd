"""Which rule an instruction asks for: one `match` over the closed union `rulebook.Instruction`."""

from errata.judges.rules import content, counting, shape
from errata.judges.rules.seen import Seen
from errata.tasks import rulebook
from errata.tasks.rulebook import Instruction


def look(asked: Instruction, text: str) -> Seen:
    """What the rule sees in a text that is not blank."""
    match asked:
        case rulebook.ResponseLanguage():
            return content.in_language(asked, text)
        case rulebook.NumberSentences():
            return counting.number_sentences(asked, text)
        case rulebook.NumberWords():
            return counting.number_words(asked, text)
        case rulebook.NumberParagraphs():
            return counting.number_paragraphs(asked, text)
        case rulebook.NthParagraph():
            return counting.nth_paragraph(asked, text)
        case rulebook.Placeholders():
            return content.placeholders(asked, text)
        case rulebook.Postscript():
            return content.postscript(asked, text)
        case rulebook.Bullets():
            return shape.bullets(asked, text)
        case rulebook.ConstrainedResponse():
            return shape.constrained(text)
        case rulebook.Highlights():
            return shape.highlights(asked, text)
        case rulebook.Sections():
            return shape.sections(asked, text)
        case rulebook.Json():
            return shape.is_json(text)
        case rulebook.Title():
            return shape.title(text)
        case rulebook.Keywords():
            return counting.keywords(asked, text)
        case rulebook.KeywordFrequency():
            return counting.keyword_frequency(asked, text)
        case rulebook.Forbidden():
            return counting.forbidden(asked, text)
        case rulebook.LetterFrequency():
            return counting.letter_frequency(asked, text)
        case rulebook.CapitalWords():
            return counting.capital_words(asked, text)
        case rulebook.EnglishCapital():
            return content.english_capital(text)
        case rulebook.EnglishLowercase():
            return content.english_lowercase(text)
        case rulebook.NoComma():
            return content.no_comma(text)
        case rulebook.RepeatPrompt():
            return content.repeats(asked, text)
        case rulebook.TwoResponses():
            return shape.two_responses(text)
        case rulebook.EndPhrase():
            return content.ends(asked, text)
        case rulebook.Quotation():
            return content.quoted(text)
