//! Values of an annotation: records, near records, and what no longer is one.

use super::dice::Dice;

const FIELDS: [&str; 3] = ["owner", "createdAt", "ttl"];

/// Fields that Go must not take for one of the three. Unicode folds U+017F and
/// U+212A to `s` and `k`; a dotless i folds to nothing.
const UNKNOWN_FIELDS: &[&str] = &[
    "hold",
    "Hold",
    "reason",
    "",
    "ttls",
    "tt",
    "owner ",
    "created_at",
    "tt\u{17f}",
    "o\u{212a}ner",
    "owner\u{0}",
    "\u{ff54}tl",
    "ow\u{2028}er",
    "createdAt\u{301}",
    "\\ud800",
    "\\u0000",
    "🦀",
];

const SPACES: &[&str] = &["", "", "", "", "", "", " ", "\n", "\t", "\r", " \r\n\t "];

/// What other languages take for space.
const NO_SPACES: &[&str] = &["\u{a0}", "\u{b}", "\u{c}", "\u{feff}", "\u{0}", "//\n"];

const STRING_PIECES: &[&str] = &[
    "a",
    "test-owner",
    "ci-runner-7",
    " ",
    "é",
    "🦀",
    "\u{fffd}",
    "\u{fffe}",
    "\u{10ffff}",
    "\u{2028}",
    "\u{2029}",
    "\u{7f}",
    "\u{80}",
    "\u{feff}",
    "\u{202e}",
    "<",
    ">",
    "&",
    "'",
    "/",
    "{",
    "]",
    ":",
    ",",
    "\\\"",
    "\\\\",
    "\\/",
    "\\b",
    "\\f",
    "\\n",
    "\\r",
    "\\t",
    "\\u0000",
    "\\u001f",
    "\\u0041",
    "\\u00E9",
    "\\u2028",
    "\\uFFFF",
    "\\ud83e\\udd80",
    "\\uD83E\\uDD80",
    "\\ud83e",
    "\\udd80",
    "\\udd80\\ud83e",
    "\\ud83e\\ud83e\\udd80",
    "\\ud83eX",
    "\\ud83e\\u0041",
    "\\ud83e\\n",
    "\\udbff\\udfff",
    "\\ud800\\udbff",
];

const BROKEN_STRING_PIECES: &[&str] = &[
    "\"",
    "\\",
    "\\x41",
    "\\'",
    "\\u12",
    "\\u12g4",
    "\\U0041",
    "\\0",
    "\n",
    "\t",
    "\u{0}",
    "\u{1f}",
    "\\ud83e\\u",
];

const TTLS: &[&str] = &[
    "300000000000",
    "1",
    "0",
    "-0",
    "-1",
    "1000000000",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775806",
    "4611686018427387904",
];

const BROKEN_TTLS: &[&str] = &[
    "9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999999999",
    "1e3",
    "1E3",
    "1.0",
    "0.0",
    "-0.0",
    "1e0",
    "0e0",
    "01",
    "-01",
    "+1",
    "-",
    ".5",
    "1.",
    "1e",
    "0x10",
    "1_000",
    "NaN",
    "Infinity",
    "\"5m\"",
    "\"300000000000\"",
    "\"\"",
    "true",
    "false",
    "[]",
    "[1]",
    "{}",
    "nul",
    "Null",
    "１",
];

const YEARS: &[&str] = &[
    "0000", "0001", "0004", "0100", "1600", "1900", "1969", "1970", "2000", "2020", "2023", "2024",
    "9999",
];

const FRACTIONS: &[&str] = &[
    "",
    "",
    "",
    ".1",
    ".12",
    ".123456789",
    ".120000000",
    ".000000001",
    ".000000000",
    ".1234567890",
    ".9999999999999999999999",
    ",5",
    ",123456789",
    ".",
    ",",
    ".x",
    ";5",
    ".-1",
    ".+5",
];

const OFFSETS: &[&str] = &[
    "Z", "Z", "Z", "Z", "Z", "+00:00", "-00:00", "+02:00", "-07:30", "+23:59", "-23:59", "+24:00",
    "-24:60", "+24:60",
];

const BROKEN_OFFSETS: &[&str] = &[
    "",
    "z",
    "ZZ",
    "+25:00",
    "+00:61",
    "+0000",
    "+00",
    "+0:00",
    "00:00",
    "Z+00:00",
    " Z",
    "Z ",
    "+00:00:00",
    "UTC",
    "\u{2212}01:00",
    "\\u005a",
];

const BROKEN_TIMES: &[&str] = &[
    "0",
    "true",
    "[]",
    "{}",
    "\"\"",
    "\"null\"",
    "\"Z\"",
    "1585130400",
    "\"2020-03-25\"",
    "\"2020-03-25T10:00Z\"",
    "\"20200325T100000Z\"",
    "\"2020-W13-3T10:00:00Z\"",
    "\"+2020-03-25T10:00:00Z\"",
    "\"02020-03-25T10:00:00Z\"",
    "\"-0001-03-25T10:00:00Z\"",
    "\"Wed, 25 Mar 2020 10:00:00 GMT\"",
    "\"é020-03-25T10:00:00Z\"",
    "\"202\u{e9}-03-25T10:00:00Z\"",
];

const SCALARS: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-1.5e+10",
    "1E400",
    "1e-400",
    "\"\"",
    "\"x\"",
    "\"\\ud800\"",
    "123456789012345678901234567890",
];

/// Any value, of which some are records, some nearly are, and some never were.
pub(crate) fn value(dice: &mut Dice) -> String {
    let text = match dice.below(40) {
        0 => SCALARS[dice.below(SCALARS.len())].to_owned(),
        1 => nested(dice, 0),
        _ => record(dice),
    };
    let text = format!("{}{text}{}", space(dice), space(dice));
    if dice.one_in(4) { damaged(dice, &text) } else { text }
}

fn record(dice: &mut Dice) -> String {
    let mut members = Vec::new();
    for name in FIELDS {
        if !dice.one_in(12) {
            members.push(field(dice, name));
        }
    }
    while dice.one_in(3) {
        let name = dice.pick(&FIELDS);
        let extra = if dice.one_in(2) { unknown_field(dice) } else { field(dice, name) };
        members.insert(dice.below(members.len() + 1), extra);
    }
    if dice.one_in(4) {
        members.reverse();
    }
    format!("{{{}}}", members.join(&format!("{},", space(dice))))
}

fn field(dice: &mut Dice, name: &str) -> String {
    let content = if dice.one_in(12) {
        "null".to_owned()
    } else {
        match name {
            "owner" => owner(dice),
            "createdAt" => created_at(dice),
            _ => ttl(dice),
        }
    };
    let name = odd_letters(dice, name);
    member(dice, &name, &content)
}

fn unknown_field(dice: &mut Dice) -> String {
    let name = dice.pick(UNKNOWN_FIELDS).to_owned();
    let content = if dice.one_in(400) { deep(dice) } else { nested(dice, 0) };
    member(dice, &name, &content)
}

fn member(dice: &mut Dice, name: &str, content: &str) -> String {
    format!("{}\"{name}\"{}:{}{content}{}", space(dice), space(dice), space(dice), space(dice))
}

fn odd_letters(dice: &mut Dice, name: &str) -> String {
    if !dice.one_in(3) {
        return name.to_owned();
    }
    name.chars()
        .map(|letter| match dice.below(6) {
            0 => letter.to_ascii_uppercase().to_string(),
            1 => letter.to_ascii_lowercase().to_string(),
            2 => format!("\\u{:04x}", u32::from(letter)),
            3 => format!("\\u{:04X}", u32::from(letter.to_ascii_uppercase())),
            _ => letter.to_string(),
        })
        .collect()
}

fn owner(dice: &mut Dice) -> String {
    if dice.one_in(40) {
        return nested(dice, 0);
    }
    let mut text: String = (0..dice.below(6)).map(|_| dice.pick(STRING_PIECES)).collect();
    if dice.one_in(8) {
        text.extend(char::from_u32(u32::try_from(dice.below(0x11_0000)).unwrap_or_default()));
    }
    if dice.one_in(40) {
        text.push_str(dice.pick(BROKEN_STRING_PIECES));
    }
    format!("\"{text}\"")
}

fn ttl(dice: &mut Dice) -> String {
    match dice.below(30) {
        0 | 1 => dice.pick(BROKEN_TTLS).to_owned(),
        2..=9 => dice.between(i64::MIN, i64::MAX).to_string(),
        10..=15 => dice.between(0, 3_600_000_000_000).to_string(),
        _ => dice.pick(TTLS).to_owned(),
    }
}

fn created_at(dice: &mut Dice) -> String {
    if dice.one_in(40) {
        return dice.pick(BROKEN_TIMES).to_owned();
    }
    let date = date(dice);
    let clock = clock(dice);
    let fraction = dice.pick_rare(3, FRACTIONS, &FRACTIONS[..9]);
    let offset = dice.pick_rare(40, BROKEN_OFFSETS, OFFSETS);
    let separator = dice.pick_rare(80, &["t", " ", "", "TT"], &["T"]);
    format!("\"{date}{separator}{clock}{fraction}{offset}\"")
}

fn date(dice: &mut Dice) -> String {
    let year = if dice.one_in(2) {
        dice.pick(YEARS).to_owned()
    } else {
        format!("{:04}", dice.below(10_000))
    };
    let (months, days) = if dice.one_in(10) { (14, 33) } else { (12, 28) };
    let lowest = i64::from(months == 12);
    let month = if dice.one_in(4) { 2 } else { dice.between(lowest, months) };
    let day = if dice.one_in(8) { dice.between(28, 31) } else { dice.between(lowest, days) };
    if dice.one_in(60) {
        format!("{year}-{month}-{day}")
    } else {
        format!("{year}-{month:02}-{day:02}")
    }
}

fn clock(dice: &mut Dice) -> String {
    let (hours, sixty) = if dice.one_in(25) { (25, 61) } else { (23, 59) };
    let (hour, minute, second) =
        (dice.between(0, hours), dice.between(0, sixty), dice.between(0, sixty));
    match dice.below(60) {
        0 => format!("{hour}:{minute}:{second}"),
        1..=4 => format!("{hour}:{minute:02}:{second:02}"),
        _ => format!("{hour:02}:{minute:02}:{second:02}"),
    }
}

/// Any kind of value, four levels deep at most.
fn nested(dice: &mut Dice, depth: usize) -> String {
    let kinds = if depth < 4 { 6 } else { 4 };
    let kind = dice.below(kinds);
    let elements = dice.below(4);
    let list = |dice: &mut Dice, element: fn(&mut Dice, usize) -> String| {
        (0..elements).map(|_| element(dice, depth + 1)).collect::<Vec<_>>().join(",")
    };
    match kind {
        4 => format!("[{}{}]", space(dice), list(dice, nested)),
        5 => format!("{{{}{}}}", space(dice), list(dice, nested_member)),
        3 => format!("\"{}\"", dice.pick(STRING_PIECES)),
        _ => dice.pick(SCALARS).to_owned(),
    }
}

fn nested_member(dice: &mut Dice, depth: usize) -> String {
    let name = dice.pick_rare(2, &FIELDS, UNKNOWN_FIELDS).to_owned();
    let content = nested(dice, depth);
    member(dice, &name, &content)
}

/// About as deep as Go goes.
fn deep(dice: &mut Dice) -> String {
    let depth = dice.below(12) + 9_993;
    let (open, close) = if dice.one_in(2) { ("[", "]") } else { ("{\"a\":", "}") };
    format!("{}1{}", open.repeat(depth), close.repeat(depth))
}

fn space(dice: &mut Dice) -> &'static str {
    dice.pick_rare(2000, NO_SPACES, SPACES)
}

/// The text with one thing wrong, or twice right.
fn damaged(dice: &mut Dice, text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = dice.below(chars.len().max(1));
    match dice.below(6) {
        0 => chars.truncate(at),
        1 if !chars.is_empty() => drop(chars.remove(at)),
        2 if !chars.is_empty() => chars[at] = any_char(dice),
        3 => chars.extend("{}]\"0 ,".chars().nth(dice.below(7))),
        4 => {
            let end = (at + dice.below(12)).min(chars.len());
            let piece: Vec<char> = chars.get(at..end).unwrap_or_default().to_vec();
            chars.splice(at..at, piece);
        }
        _ => chars.insert(at, any_char(dice)),
    }
    chars.into_iter().collect()
}

fn any_char(dice: &mut Dice) -> char {
    let likely = [
        '{', '}', '[', ']', ':', ',', '"', '\\', '0', '9', '-', '+', '.', 'e', 'E', 'Z', 'T', 'n',
        'u', ' ', '\n', 'é', '\0',
    ];
    likely[dice.below(likely.len())]
}
