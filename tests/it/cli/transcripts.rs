//! Commands with all that they print, on small trees.

use crate::support::transcript::check;

#[test]
fn a_scan_blocks_on_what_is_affected() {
    check(
        r#"
        ## requirements.txt
        flask==1.0
        jinja2==3.0
        ## advisories
        PYSEC-1 PyPI flask 0 1.0.1
        PYSEC-2 PyPI flask 0.5 1.2
        $ lockkeeper scan
        ✗ BLOCKED  2 vulnerabilities (2 high) in 1 of 2 packages; 1 upgrade fixes all
          read 1 lockfile with 2 packages · data of 2026-01-31, 2 advisories

        Recommended upgrades
         1  flask 1.0 → 1.2  requirements.txt:1                                                                fixes 2
            high (assumed)  PYSEC-1  a flaw in flask
            high (assumed)  PYSEC-2  a flaw in flask
            No command of pip changes a pin: change it and its hashes in the file, or run `lockkeeper fix`. With pip-compile
            or uv, compile it again with `--upgrade-package flask==1.2`.

        Next: lockkeeper plan · lockkeeper explain PYSEC-1

        lockkeeper 0.1.0 · built-in policy
        exit 1
        $ lockkeeper scan --fail-on none
        ✓ PASS  nothing blocks; 2 warnings
          read 1 lockfile with 2 packages · data of 2026-01-31, 2 advisories

        Warnings
         1  flask 1.0 → 1.2  requirements.txt:1                                                                fixes 2
            high (assumed)  PYSEC-1  a flaw in flask
            and 1 more (1 high); -v lists all
            No command of pip changes a pin: change it and its hashes in the file, or run `lockkeeper fix`. With pip-compile
            or uv, compile it again with `--upgrade-package flask==1.2`.
            warns: it is not in the `--fail-on` list

        lockkeeper 0.1.0 · built-in policy
        $ lockkeeper packages
        2 packages in 1 lockfile

        requirements.txt · requirements.txt · 2 packages
          flask 1.0                             line 1, direct
          jinja2 3.0                            line 2, direct
        "#,
    );
}

#[test]
fn what_could_not_be_read_is_no_pass() {
    check(
        r#"
        ## Cargo.lock
        version = 4

        [[package]]
        name = "left
        ## advisories
        RUSTSEC-2026-0001 crates.io right 0 1.0.1
        $ lockkeeper scan
        ? INCOMPLETE  not everything was checked (2 gaps)
          read 1 lockfile with 0 packages · data of 2026-01-31, 1 advisory

        Not checked: 2 gaps
          Cargo.lock:3  a package without a name or a version
            Restore the file from its last good commit, or delete it and run `cargo generate-lockfile`.
          Cargo.lock:4  a string is not closed
            Restore the file from its last good commit, or delete it and run `cargo generate-lockfile`.

        lockkeeper 0.1.0 · built-in policy
        exit 3
        "#,
    );
}

#[test]
fn a_gate_stops_the_line_that_is_affected() {
    check(
        r#"
        ## go.mod
        module example.com/shop

        go 1.22

        require example.com/left v1.0.0
        ## advisories
        GO-2026-0001 Go example.com/left 0 1.2.0
        $ git init -q -b main
        $ git add .
        $ git commit -q -m first
        $ git branch release/1.0
        ## go.mod
        module example.com/shop

        go 1.22

        require example.com/left v1.2.0
        $ git commit -q -a -m second
        $ lockkeeper status
        ✗ BLOCKED  1 vulnerability (1 high) blocks 1 of 2 release lines
          status shows and does not gate: exit code 0 means that every release line was checked, blocked or not
          read 2 lockfiles with 3 packages on 2 release lines · data of 2026-01-31, 1 advisory

                                                          main      release/1.0
          verdict                                         ✓ PASS    ✗ BLOCKED
          GO-2026-0001  high (assumed)  example.com/left  ✓ v1.2.0  ✗ v1.0.0

          ✗ blocks (1) · ✓ fixed (1)

        Advisories
          high (assumed)  GO-2026-0001
            pkg:golang/example.com/left · upgrade to v1.2.0
            a flaw in example.com/left

        Release lines: 2 of 2 refs are live release lines (-v shows why)

        Next: lockkeeper gate --release release/1.0 · lockkeeper explain GO-2026-0001

        lockkeeper 0.1.0 · built-in policy
        $ lockkeeper gate --release release/1.0
        ✗ BLOCKED  1 vulnerability (1 high) in 1 of 2 packages blocks the release of release/1.0; 1 upgrade fixes it
          read 1 lockfile with 2 packages · data of 2026-01-31, 1 advisory
          refs/heads/release/1.0 · <commit>

        Recommended upgrades
         1  example.com/left v1.0.0 → v1.2.0  go.mod:5                                                         fixes 1
            high (assumed)  GO-2026-0001  a flaw in example.com/left
            example.com/shop → example.com/left

        Otherwise
            → Accept the risk until a date: add an exception for GO-2026-0001 to lockkeeper.yml, with a reason and the day on
              which it expires.

        Next: lockkeeper explain GO-2026-0001 · lockkeeper status

        lockkeeper 0.1.0 · built-in policy
        exit 1
        $ lockkeeper gate --release main
        ✓ PASS  nothing blocks the release of main
          read 1 lockfile with 2 packages · data of 2026-01-31, 1 advisory
          refs/heads/main · <commit>

        lockkeeper 0.1.0 · built-in policy
        "#,
    );
}

#[test]
fn an_explanation_says_why_and_what_would_change_it() {
    check(
        r#"
        ## requirements.txt
        flask==1.0
        ## advisories
        PYSEC-1 PyPI flask 0 1.0.1
        $ lockkeeper explain PYSEC-1
        PYSEC-1
          a flaw in flask
          high (assumed) · published 2026-01-01

        Affected
          flask 1.0 · requirements.txt:1
            PYSEC-1 affects < 1.0.1
            fail by the rule built-in: vulnerability. Upgrade to 1.0.1.

        Policy rules, in order
            built-in: malicious: the class is vulnerability
            built-in: a go directive is a minimum: the toolchain that builds decides the version of the standard library
          → built-in: vulnerability: the class is vulnerability

        What would change the verdict
          Upgrade flask from 1.0 to 1.0.1 (requirements.txt:1).
          Accept the risk until a date: add an exception for PYSEC-1 to lockkeeper.yml, with a reason and the day on which it
          expires.

        To accept it until a day, in the policy (with your own reason and owner)
          exceptions:
            - id: "PYSEC-1"
              reason: "why this is no danger here"
              owner: "@your-team"
              expires: 2026-03-03
              package: "pkg:pypi/flask"

        Details
          Long words about it.
        $ lockkeeper explain pkg:pypi/Flask
        PYSEC-1
          a flaw in flask
          high (assumed) · published 2026-01-01

        Affected
          flask 1.0 · requirements.txt:1
            PYSEC-1 affects < 1.0.1
            fail by the rule built-in: vulnerability. Upgrade to 1.0.1.

        Policy rules, in order
            built-in: malicious: the class is vulnerability
            built-in: a go directive is a minimum: the toolchain that builds decides the version of the standard library
          → built-in: vulnerability: the class is vulnerability

        What would change the verdict
          Upgrade flask from 1.0 to 1.0.1 (requirements.txt:1).
          Accept the risk until a date: add an exception for PYSEC-1 to lockkeeper.yml, with a reason and the day on which it
          expires.

        To accept it until a day, in the policy (with your own reason and owner)
          exceptions:
            - id: "PYSEC-1"
              reason: "why this is no danger here"
              owner: "@your-team"
              expires: 2026-03-03
              package: "pkg:pypi/flask"

        Details
          Long words about it.
        $ lockkeeper db search flask
        PyPI flask
          PYSEC-1  vulnerability high  a flaw in flask
        "#,
    );
}

#[test]
fn a_mistake_in_the_policy_has_its_place() {
    check(
        r#"
        ## requirements.txt
        flask==1.0
        ## lockkeeper.yml
        rules:
          - when: {severity: hgih}
            then: fail
          - wen: {scope: dev}
            then: warn
        exceptions:
          - id: PYSEC-1
            expires: 2026-02-10
        ## advisories
        PYSEC-1 PyPI flask 0 1.0.1
        $ lockkeeper scan
        error: lockkeeper.yml:2:22: rules[0].when.severity: "hgih" is not allowed here; did you mean `high`?
          hint: Allowed are critical, high, medium, low, none.
        error: lockkeeper.yml:4:5: rules[1].wen: "wen" is no key here; did you mean `when`?
          hint: The keys here are name, when, then, after.
        error: lockkeeper.yml:7:5: exceptions[0].reason: `reason` is missing
          hint: Write why the risk is acceptable: `reason: …`.
        exit 2
        "#,
    );
}

#[test]
fn an_exception_accepts_a_finding_until_its_day() {
    check(
        r#"
        ## requirements.txt
        flask==1.0
        ## lockkeeper.yml
        exceptions:
          - id: PYSEC-1
            reason: only used in tests
            expires: 2026-02-10
        ## advisories
        PYSEC-1 PyPI flask 0 1.0.1
        $ lockkeeper scan
        ✓ PASS  nothing blocks · 1 accepted
          read 1 lockfile with 1 package · data of 2026-01-31, 1 advisory

        Accepted: 1 finding
          high (assumed)  flask 1.0  requirements.txt:1  PYSEC-1  a flaw in flask
            until 2026-02-10: only used in tests

        lockkeeper 0.1.0 · policy of lockkeeper.yml
        $ lockkeeper scan --now 2026-02-11T00:00:00Z
        ✗ BLOCKED  1 vulnerability (1 high) in 1 of 1 package; 1 upgrade fixes it
          read 1 lockfile with 1 package · data of 2026-01-31, 1 advisory
          The advisory database is 10 days old: advisories published since are missing.

        Recommended upgrades
         1  flask 1.0 → 1.0.1  requirements.txt:1                                                              fixes 1
            high (assumed)  PYSEC-1  a flaw in flask
            No command of pip changes a pin: change it and its hashes in the file, or run `lockkeeper fix`. With pip-compile
            or uv, compile it again with `--upgrade-package flask==1.0.1`.

        Remarks
          lockkeeper.yml:2  the exception for PYSEC-1 expired on 2026-02-10: what it covered counts again
            Fix the vulnerability, or review the reason and set a later `expires`.

        Next: lockkeeper db update · lockkeeper plan · lockkeeper explain PYSEC-1

        lockkeeper 0.1.0 · policy of lockkeeper.yml
        exit 1
        "#,
    );
}
