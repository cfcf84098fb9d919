<?php
// Orders pairs of versions with composer/semver, as Composer reads them; called by ../make. With `bounds` it says of a version and
// a bound whether `<=`, `==`, `<` and `>=` of that bound allow the version: rows of `version<TAB>bound<TAB>answers`, `1` or `0`, and `!` where
// Composer refuses one of the two. With `ranges` it says of a constraint and a version whether the one allows the other: rows of
// `constraint<TAB>version<TAB>answer`.
//
// SEMVER is the folder of its sources, and VERSION what the first line of the table calls it.

use Composer\Semver\Comparator;
use Composer\Semver\Semver;
use Composer\Semver\VersionParser;

spl_autoload_register(function ($class) {
    $path = getenv('SEMVER') . '/' . strtr(substr($class, strlen('Composer\\Semver\\')), '\\', '/') . '.php';
    if (is_file($path)) {
        require $path;
    }
});

function plain(string $text): string
{
    return strtr($text, ['\\\\' => '\\', '\\t' => "\t", '\\n' => "\n", '\\r' => "\r"]);
}

function order(VersionParser $parser, string $left, string $right): string
{
    try {
        [$left, $right] = [$parser->normalize($left), $parser->normalize($right)];
    } catch (UnexpectedValueException $refused) {
        return '!';
    }
    foreach (['<', '=', '>'] as $operator) {
        if (Comparator::compare($left, $operator, $right)) {
            return $operator;
        }
    }
    return '!';
}

function answers(string $version, string $bound): string
{
    $answers = '';
    foreach (['<=', '==', '<', '>='] as $operator) {
        try {
            $answers .= (int) Semver::satisfies($version, $operator . $bound);
        } catch (UnexpectedValueException $refused) {
            return '!';
        }
    }
    return $answers;
}

function within(string $range, string $version): string
{
    try {
        return (string) (int) Semver::satisfies($version, $range);
    } catch (UnexpectedValueException $refused) {
        return '!';
    }
}

$parser = new VersionParser();
echo '# ', getenv('VERSION'), ', PHP ', PHP_VERSION, "\n";
foreach (explode("\n", substr(stream_get_contents(STDIN), 0, -1)) as $line) {
    [$left, $right] = explode("\t", $line);
    if (($argv[1] ?? '') === 'ranges') {
        // 64 bits end below such numbers, and what PHP makes of them then is no version.
        if (!preg_match('/\d{10}/', $line)) {
            echo $left, "\t", $right, "\t", within(plain($left), plain($right)), "\n";
        }
    } elseif (($argv[1] ?? '') === 'bounds') {
        // What else means something in a constraint is no bound alone.
        if (preg_match('/[\s,|@#<>=!^~]/', plain($right))) {
            continue;
        }
        echo $left, "\t", $right, "\t", answers(plain($left), plain($right)), "\n";
    } else {
        echo $left, "\t", order($parser, plain($left), plain($right)), "\t", $right, "\n";
    }
}
