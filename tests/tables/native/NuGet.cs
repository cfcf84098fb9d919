// Orders pairs of versions with NuGet.Versioning: `A<TAB>B` a line from standard input, a table to standard output.
using System;
using System.Text;
using NuGet.Versioning;

static class Table
{
    static void Main()
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        Console.InputEncoding = new UTF8Encoding(false);
        var input = new System.IO.StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false));
        var output = new System.IO.StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { NewLine = "\n" };
        output.WriteLine("# NuGet.Versioning " + typeof(NuGetVersion).Assembly.GetName().Version);
        for (var line = input.ReadLine(); line != null; line = input.ReadLine())
        {
            var pair = line.Split('\t');
            var read = NuGetVersion.TryParse(Plain(pair[0]), out var left) & NuGetVersion.TryParse(Plain(pair[1]), out var right);
            var order = read ? VersionComparer.VersionRelease.Compare(left, right) : 0;
            if (read && Math.Sign(order) != Math.Sign(left.CompareTo(right))) throw new Exception("metadata decides: " + line);
            output.WriteLine(pair[0] + "\t" + (!read ? "!" : order < 0 ? "<" : order > 0 ? ">" : "=") + "\t" + pair[1]);
        }
        output.Flush();
    }

    static string Plain(string escaped)
    {
        var plain = new StringBuilder();
        for (var at = 0; at < escaped.Length; at++)
        {
            if (escaped[at] != '\\') { plain.Append(escaped[at]); continue; }
            at++;
            plain.Append(escaped[at] == 't' ? '\t' : escaped[at] == 'n' ? '\n' : escaped[at] == 'r' ? '\r' : '\\');
        }
        return plain.ToString();
    }
}
