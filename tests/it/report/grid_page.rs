//! The grid's page with many release lines: on paper, and beside refs that are no lines.

use lockkeeper::model::Grid;
use lockkeeper::model::grid::Standing;
use lockkeeper::report::Length;

use crate::report::grid::written;
use crate::support::grids;

fn page(grid: &Grid) -> String {
    written("html", grid, 80, Length::Normal)
}

#[test]
fn ids_in_the_table_lead_to_their_pages() {
    let page = page(&grids::small());
    let table = page.split("<table class=\"grid").nth(1).expect("the table");
    let table = table.split("</table>").next().expect("its end");
    let rows: Vec<&str> = table.split("<tr id=\"r").skip(1).collect();
    assert!(rows.len() > 3);
    let linked = rows
        .iter()
        .filter(|row| row.contains("<span class=\"id\"><a href=\"https://osv.dev/vulnerability/"));
    assert_eq!(linked.count(), rows.len(), "{table}");
}

/// As in the counts: what is no vulnerability has no severity, whatever its record is assumed to have.
#[test]
fn the_filter_of_severities_finds_vulnerabilities_alone() {
    let page = page(&grids::small());
    assert!(page.contains("data-class=\"unmaintained\" data-severity=\"\""));
    assert!(page.contains("data-class=\"malicious\" data-severity=\"\""));
    assert!(page.contains("data-class=\"vulnerability\" data-severity=\"critical\""));
}

#[test]
fn refs_that_are_no_lines_are_closed_below_the_lines() {
    let mut grid = grids::small();
    assert!(grid.lines.iter().any(|line| line.standing != Standing::Live));
    let page_of = |grid: &Grid| {
        let page = page(grid);
        let section = page.split("<section id=\"lines\"").nth(1).expect("the section");
        section.split("</section>").next().expect("its end").to_owned()
    };
    let (live, closed) = {
        let section = page_of(&grid);
        let (live, closed) = section.split_once("<details").expect("the others");
        (live.to_owned(), closed.to_owned())
    };
    let rows = |text: &str| text.matches("data-name=\"committed\"").count();
    let count = |standing: bool| {
        let lines = grid.lines.iter();
        lines
            .filter(|line| (line.standing == Standing::Live) == standing)
            .count()
    };
    assert_eq!((rows(&live), rows(&closed)), (count(true), count(false)));
    grid.lines.retain(|line| line.standing == Standing::Live);
    assert!(!page_of(&grid).contains("<details"));
}

/// Few lines are on paper as on the screen, more of them under upright names, and too many are named by the advisories alone.
/// `tests/browser/check` looks at the paper.
#[test]
fn a_grid_says_how_it_goes_on_paper() {
    for (lines, class) in [(5, ""), (8, ""), (9, " wide"), (50, " wide"), (51, " too-wide")] {
        let page = page(&grids::huge(12, lines));
        let table = format!("<table class=\"grid{class}\">");
        assert!(page.contains(&table), "{lines}");
        let note = format!("The grid of {lines} release lines is too wide for paper");
        assert_eq!(page.contains(&note), class == " too-wide", "{lines}");
    }
}
