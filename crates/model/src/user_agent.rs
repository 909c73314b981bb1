//! What a User-Agent header tells of a device, in the few words that a list of sessions shows.
//!
//! The header is its sender's own word: nothing is decided by it, and nothing of it is kept but the
//! names here and the version of an app.

/// What is said where nothing is known (docs/protocol.md §6.22).
pub const UNKNOWN: &str = "unknown";

/// So many characters of a header are read; what follows is left out.
pub const LONGEST: usize = 512;
/// The longest name of an app that is told.
const LONGEST_APP: usize = 64;

/// The systems that are told apart, each by a word of the header. Earlier ones come first where one
/// header has the words of several: Android says Linux too, and an iPhone Mac OS X.
const SYSTEMS: [(&str, &str); 10] = [
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Mac OS X", "macOS"),
    ("macOS", "macOS"),
    ("Darwin", "Darwin"),
    ("Linux", "Linux"),
];

/// The browsers that are told apart. Most name those before them, so the more particular ones come
/// first.
const BROWSERS: [(&str, &str); 12] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
    ("Safari/", "Safari"),
];

/// The system and the browser or app behind a User-Agent header, as `Windows, Firefox 131`;
/// [`UNKNOWN`] where it tells neither.
#[must_use]
pub fn describe(header: &str) -> String {
    let header: String = header.chars().take(LONGEST).collect();
    let header = header.as_str();
    let named = |(word, name): &(&str, &'static str)| header.contains(word).then_some(*name);
    let system = SYSTEMS.iter().find_map(named);
    let parts = [
        system.map(str::to_owned),
        browser(header).or_else(|| app(header)),
    ];
    let told: Vec<String> = parts.into_iter().flatten().collect();
    if told.is_empty() {
        UNKNOWN.to_owned()
    } else {
        told.join(", ")
    }
}

/// A browser: every one of them calls itself Mozilla first.
fn browser(header: &str) -> Option<String> {
    if !header.starts_with("Mozilla/") {
        return None;
    }
    BROWSERS.iter().find_map(|(word, name)| {
        let (_, version) = header.split_once(word)?;
        let major: String = version
            .chars()
            .take(6)
            .take_while(char::is_ascii_digit)
            .collect();
        Some(format!("{name} {major}").trim_end().to_owned())
    })
}

/// An app, as an SDK or a program names itself: the first product with its version (RFC 9110
/// §10.1.5).
fn app(header: &str) -> Option<String> {
    let product = header.split_ascii_whitespace().next()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    let app: String = product
        .chars()
        .filter(|c| is_plain(*c))
        .take(LONGEST_APP)
        .collect();
    let app = app.replacen('/', " ", 1);
    let is_told =
        app.starts_with(|c: char| c.is_ascii_alphanumeric()) && !app.starts_with("Mozilla");
    is_told.then(|| app.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_by_their_own_names_although_they_name_each_other() {
        for (header, told) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0",
                "Windows, Firefox 131",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36",
                "macOS, Chrome 129",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36 Edg/129.0.0.0",
                "Windows, Edge 129",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                "iOS, Safari 17",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Mobile Safari/537.36",
                "Android, Chrome 129",
            ),
        ] {
            assert_eq!(describe(header), told);
        }
    }

    #[test]
    fn programs_are_told_by_their_first_product() {
        for (header, told) in [
            (
                "aws-sdk-js/3.600.0 ua/2.0 os/linux lang/js",
                "aws-sdk-js 3.600.0",
            ),
            (
                "Boto3/1.35.1 md/Botocore#1.35.1 ua/2.0 os/linux#6.1 Linux",
                "Linux, Boto3 1.35.1",
            ),
            (
                "MyApp/4.2 CFNetwork/1494.0.7 Darwin/23.4.0",
                "Darwin, MyApp 4.2",
            ),
            ("curl", "curl"),
        ] {
            assert_eq!(describe(header), told);
        }
    }

    #[test]
    fn what_tells_nothing_is_unknown_and_nothing_else_of_a_header_gets_through() {
        for header in ["", " ", "Mozilla/5.0", "<script>", "()", "\u{202e}"] {
            let told = describe(header);
            assert!(told == UNKNOWN || told == "script", "{header}: {told}");
        }
        let long = "x".repeat(5000);
        assert_eq!(describe(&long).len(), LONGEST_APP);
        assert_eq!(describe(&format!("{}é Windows", "a ".repeat(255))), "a");
    }
}
