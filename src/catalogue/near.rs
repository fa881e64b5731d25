//! "Did you mean": the nearest of a few known words.

/// The candidate nearest to `word`, when it is near enough to be a typing error: at most one edit and one
/// more per four letters, case not counted.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = 1 + word.chars().count() / 4;
    candidates
        .into_iter()
        .map(|c| (distance(word, c), c))
        .filter(|(d, _)| *d <= allowed)
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| c)
}

/// Edits (insert, delete, replace, swap of neighbours) between two words, case not counted.
pub fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().flat_map(char::to_lowercase).collect();
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    let mut before = vec![0; b.len() + 1];
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut next = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = row[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            next[j] = replaced.min(row[j] + 1).min(next[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                next[j] = next[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_word() {
        let words = ["DBInstanceStatus", "DBInstanceArn", "Engine"];
        assert_eq!(did_you_mean("DBInstanceStaus", words), Some("DBInstanceStatus"));
        assert_eq!(did_you_mean("engine", words), Some("Engine"));
        assert_eq!(did_you_mean("Enigne", words), Some("Engine"));
    }

    #[test]
    fn another_word_finds_nothing() {
        assert_eq!(did_you_mean("colour", ["DBInstanceStatus", "Engine"]), None);
        assert_eq!(did_you_mean("", ["Engine"]), None);
        assert_eq!(did_you_mean("x", []), None);
    }
}
