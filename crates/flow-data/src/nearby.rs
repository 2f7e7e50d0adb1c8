//! Finding the name that was probably meant.

use datafusion::common::utils::datafusion_strsim::levenshtein;

/// The names among `candidates` that look like `name`, the most similar first, at most three.
pub fn nearby_names<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let wanted = simplified(name);
    // One slip for every three characters, and at least one.
    let tolerance = (wanted.chars().count() / 3).max(1);
    let resembles =
        |candidate: &str, distance| distance <= tolerance || (wanted.len() > 2 && candidate.starts_with(&wanted));
    let mut ranked: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter_map(|candidate| {
            let simple = simplified(candidate);
            let distance = levenshtein(&wanted, &simple);
            resembles(&simple, distance).then_some((distance, candidate))
        })
        .collect();
    ranked.sort();
    ranked.dedup();
    ranked.into_iter().take(3).map(|(_, candidate)| candidate.to_owned()).collect()
}

/// Case and separators are what people get wrong most: `order_id`, `OrderId` and `Order ID` count as the same.
fn simplified(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
