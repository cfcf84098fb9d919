//! Platforms of gems, as `Gem::Platform` of RubyGems 4.0 reads and matches them, and which of a version's variants Bundler locks for one.

/// What a gem is built for, or where a bundle is used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Platform {
    /// Any: `ruby`.
    Ruby,
    /// One of its own.
    Of {
        /// `x86_64`; none for any.
        cpu: Option<String>,
        /// `linux`.
        os: String,
        /// `musl`, or a number.
        version: Option<String>,
    },
}

/// As a lockfile has it.
impl std::fmt::Display for Platform {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self::Of { cpu, os, version } = self else {
            return formatter.write_str("ruby");
        };
        let between = if cpu.is_some() { "-" } else { "" };
        if let Some(cpu) = cpu {
            write!(formatter, "{cpu}-")?;
        }
        formatter.write_str(os)?;
        match version {
            Some(version) => write!(formatter, "{between}{version}"),
            None => Ok(()),
        }
    }
}

impl Platform {
    /// Reads `x86_64-linux-musl`; no text at all is [`Platform::Ruby`].
    #[must_use]
    pub fn of(text: &str) -> Self {
        if matches!(text, "" | "ruby") {
            return Self::Ruby;
        }
        let text = text.trim_end_matches('-');
        let (cpu, os) = match text.split_once('-') {
            Some((cpu, os)) => (Some(cpu), os),
            None => (None, text),
        };
        let (os, version) = system(os);
        let cpu = match cpu {
            None if os == "mswin32" => Some("x86"),
            Some(cpu) if is_x86(cpu) => Some("x86"),
            cpu => cpu,
        };
        Self::Of {
            cpu: cpu.map(str::to_owned),
            os: os.to_owned(),
            version: version.map(str::to_owned),
        }
    }

    /// A gem that is built for this can be used on `user`.
    #[must_use]
    pub fn is_usable_on(&self, user: &Self) -> bool {
        let (
            Self::Of { cpu, os, version },
            Self::Of {
                cpu: user_cpu,
                os: user_os,
                version: user_version,
            },
        ) = (self, user)
        else {
            return *self == Self::Ruby;
        };
        let is_any = |cpu: &Option<String>| matches!(cpu.as_deref(), None | Some("universal"));
        let is_universal = cpu.as_deref() == Some("universal") || user_cpu.as_deref() == Some("universal");
        if is_universal && os.starts_with("mingw") && user_os.starts_with("mingw") {
            return true;
        }
        let is_of_arm =
            cpu.as_deref() == Some("arm") && user_cpu.as_deref().is_some_and(|cpu| cpu.starts_with("armv"));
        let is_same_cpu = is_any(cpu) || is_any(user_cpu) || cpu == user_cpu || is_of_arm;
        let is_same_version = match os.as_str() {
            "linux" => is_usable_libc(version.as_deref(), user_version.as_deref()),
            _ => version.is_none() || user_version.is_none(),
        };
        is_same_cpu && os == user_os && (is_same_version || version == user_version)
    }

    /// How far this is from `user`, on which it can be used: the less, the better.
    fn distance(&self, user: &Self) -> u32 {
        let (
            Self::Of { cpu, os, version },
            Self::Of {
                cpu: user_cpu,
                os: user_os,
                version: user_version,
            },
        ) = (self, user)
        else {
            return if self == user { 0 } else { 1_000_000 };
        };
        let is_arm = |cpu: &Option<String>| cpu.as_deref().is_some_and(|cpu| cpu.starts_with("arm"));
        let of_cpu = match cpu.as_deref() {
            _ if cpu == user_cpu => 0,
            Some("arm") if is_arm(user_cpu) => 0,
            None | Some("universal") => 1,
            Some(_) => 2,
        };
        let of_version = match version {
            _ if version == user_version => 0,
            None => 1,
            Some(_) => 2,
        };
        u32::from(os != user_os) + of_cpu * 10 + of_version * 100
    }
}

/// A gem for this C library runs where the other is; none stands for any of it, and where a bundle is used for that of GNU.
fn is_usable_libc(version: Option<&str>, user: Option<&str>) -> bool {
    let own = version.unwrap_or_default();
    let of_musl = ["musl", "musleabi", "musleabihf"].map(|musl| format!("{musl}{own}"));
    plain_libc(version) == plain_libc(user)
        || user.is_some_and(|user| of_musl.iter().any(|musl| musl == user))
}

fn plain_libc(version: Option<&str>) -> Option<&str> {
    let version = version?;
    let version = version.strip_prefix("gnu").unwrap_or(version);
    let plain = version
        .strip_suffix("eabihf")
        .or_else(|| version.strip_suffix("eabi"));
    Some(plain.unwrap_or(version)).filter(|plain| !plain.is_empty())
}

/// `i686` and its kin.
fn is_x86(cpu: &str) -> bool {
    let bytes = cpu.as_bytes();
    let mut windows = bytes.windows(4);
    windows.any(|part| matches!(part, [b'i', digit, b'8', b'6'] if digit.is_ascii_digit()))
}

/// The system, and which version of it.
fn system(os: &str) -> (&str, Option<&str>) {
    let digits = |rest: &'_ str| rest.bytes().take_while(u8::is_ascii_digit).count();
    let numbers = |rest: &'_ str| {
        let is_part = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
        rest.bytes().take_while(is_part).count()
    };
    let word = |rest: &'_ str| {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        rest.bytes().take_while(is_part).count()
    };
    if let Some(version) = behind(os, "aix", digits) {
        ("aix", version)
    } else if os.contains("cygwin") {
        ("cygwin", None)
    } else if let Some(version) = behind(os, "darwin", digits) {
        ("darwin", version)
    } else if os.starts_with("macruby") {
        ("macruby", behind(os, "macruby", numbers).flatten())
    } else if let Some(version) = behind(os, "freebsd", digits) {
        ("freebsd", version)
    } else if os == "jruby" {
        ("java", None)
    } else if os.starts_with("java") {
        ("java", behind(os, "java", numbers).flatten())
    } else if os.starts_with("dalvik") {
        ("dalvik", behind(os, "dalvik", digits).flatten())
    } else if os.starts_with("dotnet") {
        ("dotnet", behind(os, "dotnet", numbers).flatten())
    } else if let Some(version) = behind(os, "linux", word) {
        ("linux", version)
    } else if os.contains("mingw32") {
        ("mingw32", None)
    } else if let Some(version) = behind(os, "mingw", word) {
        ("mingw", version)
    } else if let Some((name, version)) = of_mswin(os) {
        (name, version)
    } else if os.contains("netbsdelf") {
        ("netbsdelf", None)
    } else if let Some(version) = behind(os, "openbsd", numbers) {
        ("openbsd", version)
    } else if let Some(version) = behind(os, "solaris", numbers) {
        ("solaris", version)
    } else if os.contains("wasi") {
        ("wasi", None)
    } else {
        ("unknown", None)
    }
}

/// What stands behind `name` in `os`, and a hyphen that may stand between, as long as `measure` says; `None` without the name.
fn behind<'o>(os: &'o str, name: &str, measure: impl Fn(&str) -> usize) -> Option<Option<&'o str>> {
    let (_, rest) = os.split_once(name)?;
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    Some(rest.get(..measure(rest)).filter(|version| !version.is_empty()))
}

/// `mswin64` and the number behind it.
fn of_mswin(os: &str) -> Option<(&str, Option<&str>)> {
    let start = os.find("mswin")?;
    let name = os.get(start..)?;
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let end = "mswin".len().saturating_add(digits(name.get("mswin".len()..)?));
    let (name, rest) = name.split_at_checked(end)?;
    let rest = rest.strip_prefix(['_', '-']).unwrap_or_default();
    let version = rest.get(..digits(rest)).filter(|version| !version.is_empty());
    (name.len() > "mswin".len()).then_some((name, version))
}

/// Those of the variants of one version that Bundler locks for `user`: the nearest, and others that are as near and `is_alike`.
pub fn best<'v, V>(
    variants: &'v [V],
    user: &Platform,
    of: impl Fn(&V) -> Platform,
    is_alike: impl Fn(&V, &V) -> bool,
) -> Vec<&'v V> {
    let mut usable: Vec<(Platform, &V)> = variants
        .iter()
        .map(|variant| (of(variant), variant))
        .filter(|(platform, _)| platform.is_usable_on(user))
        .collect();
    usable.sort_by_cached_key(|(platform, _)| (platform.distance(user), platform.to_string()));
    let is_exact = usable.iter().any(|(platform, _)| platform == user);
    if is_exact {
        usable.retain(|(platform, _)| platform == user);
    }
    let Some((nearest, first)) = usable.first().cloned() else {
        return Vec::new();
    };
    let distance = nearest.distance(user);
    let near = usable
        .into_iter()
        .take_while(|(platform, variant)| platform.distance(user) == distance && is_alike(variant, first));
    near.map(|(_, variant)| variant).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen<'v>(variants: &[&'v str], user: &str) -> Vec<&'v str> {
        let best = best(
            variants,
            &Platform::of(user),
            |variant| Platform::of(variant),
            |_, _| true,
        );
        best.into_iter().copied().collect()
    }

    /// What `Gem::Platform.new(…).to_s` gives (RubyGems 4.0).
    #[test]
    fn platforms_are_written_as_rubygems_writes_them() {
        for (text, written) in [
            ("", "ruby"),
            ("ruby", "ruby"),
            ("x86_64-linux", "x86_64-linux"),
            ("x86_64-linux-gnu", "x86_64-linux-gnu"),
            ("arm-linux-gnueabihf", "arm-linux-gnueabihf"),
            ("i686-linux", "x86-linux"),
            ("universal-darwin20", "universal-darwin-20"),
            ("x86_64-darwin-22", "x86_64-darwin-22"),
            ("java", "java"),
            ("jruby", "java"),
            ("x64-mingw-ucrt", "x64-mingw-ucrt"),
            ("x64-mingw32", "x64-mingw32"),
            ("x86-mswin32-60", "x86-mswin32-60"),
            ("mswin32", "x86-mswin32"),
        ] {
            assert_eq!(Platform::of(text).to_string(), written, "{text}");
        }
    }

    #[test]
    fn the_nearest_variants_are_chosen() {
        let native = [
            "",
            "x86_64-linux-gnu",
            "x86_64-linux-musl",
            "arm64-darwin",
            "java",
            "x64-mingw-ucrt",
        ];
        for (user, expected) in [
            ("ruby", vec![""]),
            ("x86_64-linux", vec!["x86_64-linux-gnu"]),
            ("x86_64-linux-musl", vec!["x86_64-linux-musl"]),
            ("x86_64-linux-gnu", vec!["x86_64-linux-gnu"]),
            ("arm64-darwin-23", vec!["arm64-darwin"]),
            ("java", vec!["java"]),
            ("x86_64-darwin", vec![""]),
        ] {
            assert_eq!(chosen(&native, user), expected, "{user}");
        }
        assert_eq!(
            chosen(&["x86_64-linux", "java"], "x86_64-darwin"),
            Vec::<&str>::new()
        );
        assert_eq!(
            chosen(&["universal-darwin", "arm64-darwin"], "arm64-darwin-22"),
            ["arm64-darwin"]
        );
    }
}
