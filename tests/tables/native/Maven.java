import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.apache.maven.artifact.versioning.ComparableVersion;

/** Orders pairs of versions with Maven's own ComparableVersion; called by ../make with that version. */
public class Maven {
    public static void main(String[] arguments) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        out.print("# maven-artifact " + arguments[0] + ", Java " + Runtime.version() + "\n");
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            int tab = line.indexOf('\t');
            String left = line.substring(0, tab);
            String right = line.substring(tab + 1);
            int order = new ComparableVersion(plain(left)).compareTo(new ComparableVersion(plain(right)));
            out.print(left + '\t' + (order < 0 ? '<' : order > 0 ? '>' : '=') + '\t' + right + "\n");
        }
        out.flush();
    }

    private static String plain(String text) {
        StringBuilder plain = new StringBuilder();
        for (int at = 0; at < text.length(); at++) {
            char letter = text.charAt(at);
            if (letter == '\\') {
                at++;
                switch (text.charAt(at)) {
                    case 't': letter = '\t'; break;
                    case 'n': letter = '\n'; break;
                    case 'r': letter = '\r'; break;
                    default: letter = '\\';
                }
            }
            plain.append(letter);
        }
        return plain.toString();
    }
}
