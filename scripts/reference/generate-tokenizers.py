"""Writes test/reference/tokenizers.json: small tokenizers of each kind, and what Hugging Face's library makes of hard texts.

Run with `tokenizers` installed:  python scripts/reference/generate-tokenizers.py
Each tokenizer is trained here, on sentences that are made up here. `tokenizerJson` is its tokenizer.json; `texts`, `pairs`
and `words` hold ids for the cases of the same place under `cases`. In `pairs` type ids are a string of digits; in `words`,
which are encoded word by word, each token's word is given too, -1 for special tokens.
`characters` says of every code point how the parts of such tokenizers class it, as ranges in hexadecimal.
Words of byte-level tokenizers are encoded with a space before each, as transformers demands of RoBERTa.
"""

import json
import pathlib
import random

from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

SYLLABLES = ["ka", "lo", "mi", "ren", "ta", "vo", "shi", "un", "der", "ing", "est", "able", "pre", "con", "Zü", "né"]
ENDINGS = [".", "!", "?", ",", " -", ";", "'s", "'ll", "'d", "'m", "'re", "'ve", "'t", "…", ")", " 12", " 2024", " 3.5%"]
PLAIN = "The film is not bad at all, it's a great story; we'll watch it again and they've said so: 'wow'!"
MIXED = "Größe naïve café Σίσυφος привет мир 中文字符 日本語 한국어 مرحبا हिन्दी 😀 👩‍👩‍👧 e\u0301 Å"


def sentences():
    draw = random.Random(7)
    word = lambda: "".join(draw.choices(SYLLABLES, k=draw.randint(1, 3)))
    made = [" ".join(draw.choice([str.lower, str.title, str.upper])(word()) for _ in range(draw.randint(3, 12)))
            + draw.choice(ENDINGS) for _ in range(600)]
    return made + [PLAIN] * 40 + [MIXED] * 10


TEXTS = [
    "", " ", "  ", "\n", "\t a\n\nb \r\n c", "a", " a", "a ", "  a  b  ", PLAIN, PLAIN.upper(), MIXED, MIXED * 3,
    "it's they'VE we'll I'm he'd you're 'tis ''s 's", "don’t “quote” ‘x’ —dash– …", "a'b'c 'll'll", "x 'S x'T",
    "1234567 3.14 1,000 ½ ² ⅷ ٣ 一", "a1b2c3", "$5 + 3 = 8 < 9 > 7 ^ ` | ~", "snake_case camelCase kebab-case",
    "e\u0301 é e\u0327\u0301 \u0301 a\u0301\u0302\u0303", "ÅÄÖ İ ı ß ẞ ŉ ǰ ﬁ ﬂ Ω Σς ΑΣ ΑΣ.", "ＦＵＬＬ　ｗｉｄｔｈ　１２",
    "中文", "中文abc字符", "𠀀𪛖𫝀𫠝豈丽 x", "日本語テキスト ひらがな カタカナ", "한국어 텍스트", "\u1112\u1161\u11ab",
    "مرحبا بالعالم", "हिन्दी में", "ไทยไม่มีเว้นวรรค", "שלום עולם", "Привет, МИР! ёЁ йЙ", "😀", "😀😀 a😀b", "👩‍👩‍👧‍👦 👍🏽 🇩🇪",
    "a\u200bb a\u200db a\ufeffb a\u00adb", "a\u00a0b a\u2003b a\u3000b a\u2028b a\u2029b a\u0085b a\u1680b a\u180eb",
    "\u0000", "a\u0000b", "a\u0001b\u001fc\u007fd", "a\u0080b\u009fc", "\ufffd a\ufffdb", "\ue000 a\ue000b", "a\u0378b", "\U0010ffff",
    "a\u000bb a\u000cb a\u001cb a\u001db", "\u2e42 \u2e43 \u2e4f \u2e52 \u2e5d", "a\u061cb a\u2060b a\u2066b a\u110bdb",
    "\u0600 \u06dd \u070f \u08e2 \u0890", "¡¿«»§¶·", "€£¥¢©®™°±×÷", "\U0001d400\U0001d7ce \u2160\u217f", "\u0e33 \u0eb3",
    "<s>", "</s>", "<pad>", "<unk>", "<mask>", "a<mask>b", "a <mask> b", "a  <mask>  b", " <mask>", "<mask> ", "\n<mask>\n", "<mask><mask>",
    "<mask> <mask>", "a\u00a0<mask>", "<s>a</s>", "a <s> b", " <s> ", "<MASK> <S>", "<mask", "mask>", "< mask >",
    "[MASK]", "[CLS] a [SEP]", "a[MASK]b", "[mask]", "[ MASK ]", "[PAD][PAD]", "[UNK]",
    "<ent>", "a<ent>b", "a <ent> b", "a  <ent>  b", "<ent><ent>", "<ent> <mask> <ent>", "<ENT>", "<Ént>", "<ent>s s<ent>",
    "solo", "a solo b", "solos", "a-solo-b", "_solo_", "SOLO Solo", "ésoloé solo\u0301", "solo solo", "Loud loud LOUD", "loudly", "Très tres TRÈS",
    "x" * 99, "x" * 100, "x" * 101, "x" * 300, "é" * 100, "é" * 101, "😀" * 101, "kalomi" * 40, ("ka lo " * 60).strip(),
    "-" * 80, "." * 33, "!?" * 20, "\n" * 9, " " * 17 + "a", "a" + " " * 17, "a \n b\n \nc \t\td", "Ġ Ċ ġ ĉ a Ġb",
    "unable underlying Unable UNABLE preconest", "##able un##able ##", "http://a.b/c?d=e&f=g#h", "me@mail.org", "C:\\dir\\file.txt", "{\"a\": [1, 2]}",
    "<a href='x'>b</a>", "it&#39;s", "\\n \\u0041", "a/b/c", "tab\tseparated\tvalues", "ZÜLO zülo Zu\u0308lo", "NÉTA néta", "ka\u0301ren",
    "\u0130stanbul \u0131", "\u1e9e \u00df SS", "\u01c5 \u01c8", "\ufb01n \ufb03x", "\u212b \u00c5 A\u030a", "\u0345 \u03b9", "q\u0307\u0323 q\u0323\u0307",
    "\u1100\u1161 \uac00", "\u0958 \u0915\u093c", "\u2f00 \u4e00", "\uf900 \u8c48", "\U0002f800 \u4e3d", "\u3007 \u3005 \u30fb \u30fc", "\uff0c\u3002\uff01",
]
PAIRS = [["a", "b"], ["", ""], ["a", ""], ["", "b"], [PLAIN, MIXED], [MIXED, "ka"], ["ka lo", PLAIN], ["a <mask> b", " <mask>"], [" a", " b"]]
WORDS = [[], [""], ["a"], ["a", "b"], ["a", "", "b"], PLAIN.split(), MIXED.split(), ["un able", "x y z"], [" a", "b ", "  "], ["<mask>", "a<mask>b", "<s>"],
         ["New", "York", "'s"], ["x" * 120, "a"], ["[MASK]", "##able"], ["\u200b", "a\u0000", "\n"], ["solo", "solos", "<ent>"], ["中文", "😀", "e\u0301"]]
TEXT_LIMITS, PAIR_LIMITS, WORD_LIMITS = [None, 8, 3], [None, 13, 12, 5], [None, 9]

CASES = {
    "texts": [[text, None] for text in TEXTS]
    + [[text, limit] for text in ["", "a", PLAIN, MIXED, "a <mask> b", "x" * 101] for limit in TEXT_LIMITS[1:]],
    "pairs": [[first, second, limit] for first, second in PAIRS for limit in PAIR_LIMITS],
    "words": [[words, limit] for words in WORDS for limit in WORD_LIMITS],
}


def byte_level(add_prefix_space):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    special = [AddedToken(content, normalized=True, special=True) for content in ["<s>", "<pad>", "</s>", "<unk>"]]
    special.append(AddedToken("<mask>", lstrip=True, normalized=False, special=True))
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=special, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(sentences(), trainer)
    return tokenizer


def word_piece(lowercase):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase, strip_accents=None if lowercase else False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=500, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(sentences(), trainer)
    ids = [(token, tokenizer.token_to_id(token)) for token in ["[SEP]", "[CLS]"]]
    tokenizer.post_processor = processors.BertProcessing(*ids) if lowercase else processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ids)
    return tokenizer


def extended(tokenizer):
    """With further tokens, of every setting that one can have."""
    tokenizer.add_tokens([AddedToken("<ent>", rstrip=True, normalized=True), AddedToken("solo", single_word=True, normalized=True),
                          AddedToken("Loud", normalized=False), AddedToken("<ent>s", normalized=True),
                          AddedToken("Très", normalized=True)])
    return tokenizer


def build():
    plain, prefixed = byte_level(False), extended(byte_level(True))
    ids = {token: plain.token_to_id(token) for token in ["<s>", "</s>"]}
    plain.post_processor = processors.RobertaProcessing(("</s>", ids["</s>"]), ("<s>", ids["<s>"]), add_prefix_space=False)
    prefixed.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B:1 </s>:1", special_tokens=list(ids.items()))
    return {"bytes": plain, "bytesPrefixed": prefixed, "cased": word_piece(False), "uncased": extended(word_piece(True))}


def ranges(points):
    runs = []
    for point in points:
        if runs and runs[-1][1] == point - 1:
            runs[-1][1] = point
        else:
            runs.append([point, point])
    return " ".join(f"{first:x}-{last:x}" for first, last in runs)


def characters():
    cased = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    stripping = normalizers.BertNormalizer(lowercase=False, strip_accents=True)
    words, spaced = pre_tokenizers.BertPreTokenizer(), pre_tokenizers.ByteLevel(add_prefix_space=False)
    points = [point for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    # A letter keeps to the letters before it, a number to the numbers, and each sign of punctuation to itself.
    parts = lambda splitter, text: len(splitter.pre_tokenize_str(text))
    removed = {point for point in points if cased.normalize_str(f"a{chr(point)}") == "a"}
    return {
        "removed": ranges(sorted(removed)),
        "accents": ranges(point for point in points if point not in removed and stripping.normalize_str(f"a{chr(point)}") == "a"),
        "decomposed": ranges(point for point in points if len(stripping.normalize_str(chr(point)).strip()) > 1
                             or point not in removed and stripping.normalize_str(chr(point)).strip() not in ("", chr(point))),
        "punctuation": ranges(point for point in points if parts(words, f"a{chr(point)}b") == 3),
        "letters": ranges(point for point in points if parts(spaced, f"a{chr(point)}") == 1),
        "numbers": ranges(point for point in points if parts(spaced, f"1{chr(point)}") == 1),
    }


def encode(tokenizer, limit, *parts, **settings):
    tokenizer.no_truncation()
    if limit is not None:
        tokenizer.enable_truncation(limit)
    return tokenizer.encode(*parts, **settings)


def expectations(tokenizer):
    document = json.loads(tokenizer.to_str())
    by_words = Tokenizer.from_str(tokenizer.to_str())
    if document["pre_tokenizer"]["type"] == "ByteLevel":
        by_words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    pairs = [encode(tokenizer, limit, first, second) for first, second, limit in CASES["pairs"]]
    words = [encode(by_words, limit, list(given), is_pretokenized=True) for given, limit in CASES["words"]]
    return {
        "tokenizerJson": document,
        "texts": [encode(tokenizer, limit, text).ids for text, limit in CASES["texts"]],
        "pairs": [[pair.ids, "".join(map(str, pair.type_ids))] for pair in pairs],
        "words": [[one.ids, [-1 if word is None else word for word in one.word_ids]] for one in words],
    }


def main():
    reference = {"cases": CASES, "characters": characters(),
                 "tokenizers": {name: expectations(tokenizer) for name, tokenizer in build().items()}}
    target = pathlib.Path(__file__).parents[2] / "test" / "reference" / "tokenizers.json"
    target.write_text(json.dumps(reference, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(f"{target.name}: {target.stat().st_size} bytes, {sum(map(len, CASES.values()))} cases")


if __name__ == "__main__":
    main()
