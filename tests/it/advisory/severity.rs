//! Scores against those that the standards' own documents state.

use lockkeeper::advisory::record::Rating;
use lockkeeper::advisory::severity::{higher, of_vector, of_word};

fn tenths(kind: &str, vector: &str) -> Option<u8> {
    match of_vector(kind, vector) {
        Some(Rating::Vector { tenths, .. }) => Some(tenths),
        Some(Rating::Level(_)) | None => None,
    }
}

/// "A Complete Guide to the Common Vulnerability Scoring System Version 2.0", section 3.3.
#[test]
fn version_2() {
    for (vector, score) in [
        ("AV:N/AC:L/Au:N/C:N/I:N/A:C", 78),
        ("AV:N/AC:L/Au:N/C:C/I:C/A:C", 100),
        ("AV:L/AC:H/Au:N/C:C/I:C/A:C", 62),
        ("(AV:N/AC:L/Au:N/C:P/I:P/A:P)", 75),
        ("AV:N/AC:L/Au:N/C:N/I:N/A:N", 0),
    ] {
        assert_eq!(tenths("CVSS_V2", vector), Some(score), "{vector}");
    }
}

/// "CVSS v3.1 Examples"; its scores are the same under version 3.0.
#[test]
fn version_3() {
    for (vector, score) in [
        ("AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 64),
        ("AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 31),
        ("AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 99),
        ("AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 42),
        ("AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 88),
        ("AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 78),
        ("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 75),
        ("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 98),
        ("AV:N/AC:H/PR:N/UI:N/S:C/C:N/I:H/A:N", 68),
        ("AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 68),
        ("AV:N/AC:L/PR:N/UI:N/S:C/C:N/I:L/A:N", 58),
        ("AV:A/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:H", 93),
        ("AV:N/AC:L/PR:L/UI:R/S:C/C:L/I:L/A:N", 54),
        ("AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:N", 74),
        ("AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0),
        // Temporal metrics are not part of what databases show.
        ("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O/RC:U", 98),
    ] {
        for version in ["3.0", "3.1"] {
            let vector = format!("CVSS:{version}/{vector}");
            assert_eq!(tenths("CVSS_V3", &vector), Some(score), "{vector}");
        }
    }
}

/// "CVSS v4.0 Examples".
#[test]
fn version_4() {
    for (vector, score) in [
        ("AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 73),
        ("AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 77),
        ("AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N", 83),
        ("AV:L/AC:L/AT:N/PR:N/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", 46),
        ("AV:N/AC:L/AT:N/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N", 51),
        ("AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:L/VA:N/SC:N/SI:N/SA:N", 69),
        ("AV:L/AC:L/AT:N/PR:H/UI:N/VC:N/VI:N/VA:N/SC:H/SI:N/SA:N", 59),
        ("AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 100),
        ("AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N", 87),
        ("AV:A/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:H/SI:N/SA:H", 64),
        ("AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0),
    ] {
        let vector = format!("CVSS:4.0/{vector}");
        assert_eq!(tenths("CVSS_V4", &vector), Some(score), "{vector}");
    }
    // Threat metrics belong to the score of version 4.
    let bare = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N";
    assert_eq!(tenths("CVSS_V4", bare), Some(93));
    assert_eq!(tenths("CVSS_V4", &format!("{bare}/E:U")), Some(81));
}

#[test]
fn what_is_not_valid_says_nothing() {
    for (kind, vector) in [
        ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H"),
        ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/A:N"),
        ("CVSS_V3", "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),
        ("CVSS_V3", "9.8"),
        ("CVSS_V3", ""),
        ("CVSS_V4", "CVSS:4.0/AV:N/AC:L"),
        ("CVSS_V2", "AV:N/AC:L"),
        ("Ubuntu", "high"),
        ("CVSS_V5", "CVSS:5.0/AV:N"),
    ] {
        assert_eq!(of_vector(kind, vector), None, "{kind} {vector}");
    }
    assert_eq!(of_word("severe"), None);
    let low = of_vector("CVSS_V3", "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N");
    assert!(low.is_some());
    assert_eq!(higher(of_word("CRITICAL"), low.clone()), low);
    assert_eq!(higher(None, low.clone()), low);
}

proptest::proptest! {
    #[test]
    fn no_vector_is_too_odd(
        metrics in proptest::collection::vec("[A-Za-z]{1,3}:[A-Za-z0-9]{0,2}", 0..14),
        version in "(CVSS:(2.0|3.0|3.1|4.0|9)/)?",
        kind in "CVSS_V[2345]",
    ) {
        let _ = of_vector(&kind, &format!("{version}{}", metrics.join("/")));
    }

    #[test]
    fn no_choice_of_metrics_of_version_4_is_too_odd(
        base in "AV:[NALP]/AC:[LH]/AT:[NP]/PR:[NLH]/UI:[NPA]/VC:[HLN]/VI:[HLN]/VA:[HLN]/SC:[HLN]/SI:[HLN]/SA:[HLN]",
        further in "(/E:[XAPU])?(/CR:[XHML])?(/IR:[XHML])?(/AR:[XHML])?(/MAV:[XNALP])?(/MVC:[XHLN])?(/MSI:[XSHLN])?(/MSA:[XSHLN])?",
    ) {
        let vector = format!("CVSS:4.0/{base}{further}");
        proptest::prop_assert!(of_vector("CVSS_V4", &vector).is_some());
    }
}
