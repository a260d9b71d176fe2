//! What changes from run to run, replaced by a word.

/// Replaces times, ports, ids, and ages of a few seconds.
pub(crate) fn redact(text: &str) -> String {
    text.lines().flat_map(|line| [redact_line(line), "\n".to_owned()]).collect()
}

fn redact_line(line: &str) -> String {
    for (field, word) in [
        ("\"uid\": \"", "UID"),
        ("\"resourceVersion\": \"", "RV"),
        ("  uid: ", "UID"),
        ("resourceVersion: ", "RV"),
    ] {
        if let Some(at) = line.find(field) {
            let end = if field.ends_with('"') { "\"" } else { "" };
            let comma = if line.ends_with(',') { "," } else { "" };
            return format!("{}{word}{end}{comma}", &line[..at + field.len()]);
        }
    }
    for field in
        ["\"ageSeconds\": ", "\"expiresInSeconds\": ", "ageSeconds: ", "expiresInSeconds: "]
    {
        if let Some(at) = line.find(field) {
            let comma = if line.ends_with(',') { "," } else { "" };
            return format!("{}N{comma}", &line[..at + field.len()]);
        }
    }
    // What was typed stays as it was.
    if line.starts_with("$ ") {
        return line.to_owned();
    }
    let redacted = words(&line.replace(" ms", "ms"));
    // Columns are as wide as what was replaced.
    if redacted.contains("TIME") || redacted.contains("CREATED") {
        columns_apart(&redacted)
    } else {
        redacted
    }
}

fn columns_apart(line: &str) -> String {
    line.split("   ").map(str::trim).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join("   ")
}

fn words(line: &str) -> String {
    let separator = |c: char| c.is_whitespace() || "\"'(),".contains(c);
    let mut redacted = String::new();
    let mut rest = line;
    while !rest.is_empty() {
        let end = rest.find(separator).unwrap_or(rest.len());
        redacted.push_str(&word(&rest[..end]));
        let behind = &rest[end..];
        let next = behind.find(|c| !separator(c)).unwrap_or(behind.len());
        redacted.push_str(&behind[..next]);
        rest = &behind[next..];
    }
    redacted
}

fn word(word: &str) -> String {
    if word.len() == 36 && word.chars().all(|c| c == '-' || c.is_ascii_hexdigit()) {
        return "UID".to_owned();
    }
    if word.starts_with("20") && word.ends_with('Z') && word.contains('T') {
        return "TIME".to_owned();
    }
    if let Some((before, port)) = word.split_once("127.0.0.1:") {
        let rest = port.trim_start_matches(|c: char| c.is_ascii_digit());
        return format!("{before}127.0.0.1:PORT{rest}");
    }
    match number(word) {
        Some((milliseconds, "ms")) if milliseconds != 500 => "Nms".to_owned(),
        // Locks are taken for 90 minutes here, and looked at at once.
        Some((0..20, "s")) => "0s".to_owned(),
        Some((89 | 90, "m")) => "89m".to_owned(),
        _ => word.to_owned(),
    }
}

fn number(word: &str) -> Option<(u64, &str)> {
    let unit = word.find(|c: char| !c.is_ascii_digit())?;
    Some((word[..unit].parse().ok()?, &word[unit..]))
}
