# Orders pairs of versions with R's numeric_version; called by ../make, with `version`, `lines` (the pairs) and `answers` set by who runs it.
options(warn = -1)
plain <- function(text) {
    marks <- c("\\\\" = "\\", "\\t" = "\t", "\\n" = "\n", "\\r" = "\r")
    found <- gregexpr("\\\\[\\\\tnr]", text)
    regmatches(text, found) <- lapply(regmatches(text, found), function(mark) unname(marks[mark]))
    text
}
pairs <- strsplit(lines, "\t", fixed = TRUE)
texts <- function(place) vapply(pairs, function(pair) if (length(pair) < place) "" else pair[[place]], "")
left <- texts(1L)
right <- texts(2L)
# What is no version is an empty one to numeric_version that is not strict.
one <- numeric_version(plain(left), strict = FALSE)
other <- numeric_version(plain(right), strict = FALSE)
is_read <- lengths(unclass(one)) > 0L & lengths(unclass(other)) > 0L
order <- ifelse(!is_read, "!", ifelse(one < other, "<", ifelse(one > other, ">", "=")))
answers <- c(paste0("# numeric_version of ", R.version.string), paste(left, order, right, sep = "\t"))
