import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.maven.model.Dependency;
import org.apache.maven.model.Extension;
import org.apache.maven.model.Model;
import org.apache.maven.model.Parent;
import org.apache.maven.model.Plugin;
import org.apache.maven.model.Profile;
import org.apache.maven.model.Repository;
import org.apache.maven.model.building.DefaultModelBuilderFactory;
import org.apache.maven.model.building.DefaultModelBuildingRequest;
import org.apache.maven.model.building.FileModelSource;
import org.apache.maven.model.building.ModelBuilder;
import org.apache.maven.model.building.ModelBuildingException;
import org.apache.maven.model.building.ModelBuildingRequest;
import org.apache.maven.model.building.ModelSource;
import org.apache.maven.model.io.xpp3.MavenXpp3Reader;
import org.apache.maven.model.resolution.ModelResolver;
import org.apache.maven.model.resolution.UnresolvableModelException;

/**
 * Maven's own model builder over folders of poms: for each pom of the first folder what it declares, under no
 * profile, under each one, each two and all. The poms of all folders are what a repository would hold; in a further one they
 * may be called {@code *.pom}, as in a repository.
 *
 *     java -cp "$MAVEN_HOME/lib/*" EffectivePom.java FOLDER [REPOSITORY]...
 *
 * Lines: kind, path, groupId:artifactId, version, scope, optional; separated by tabs, sorted.
 */
public class EffectivePom {
    private static final Map<String, File> KNOWN = new HashMap<>();

    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]);
        for (String folder : arguments) {
            for (Path pom : poms(Path.of(folder), ".pom")) {
                Model model = raw(pom);
                String group = model.getGroupId() != null ? model.getGroupId() : model.getParent().getGroupId();
                String version = model.getVersion() != null ? model.getVersion() : model.getParent().getVersion();
                KNOWN.put(group + ":" + model.getArtifactId() + ":" + version, pom.toFile());
            }
        }
        TreeSet<String> lines = new TreeSet<>();
        ModelBuilder builder = new DefaultModelBuilderFactory().newInstance();
        TreeSet<String> profiles = new TreeSet<>();
        for (Path pom : poms(home, "pom.xml")) {
            raw(pom).getProfiles().stream().map(Profile::getId).forEach(profiles::add);
        }
        for (Path pom : poms(home, "pom.xml")) {
            List<List<String>> choices = new ArrayList<>();
            choices.add(List.of());
            profiles.forEach(profile -> choices.add(List.of(profile)));
            for (String one : profiles) {
                profiles.tailSet(one, false).forEach(other -> choices.add(List.of(one, other)));
            }
            choices.add(List.copyOf(profiles));
            for (List<String> choice : choices) {
                DefaultModelBuildingRequest request = new DefaultModelBuildingRequest();
                request.setPomFile(pom.toFile());
                request.setValidationLevel(ModelBuildingRequest.VALIDATION_LEVEL_MINIMAL);
                request.setProcessPlugins(true);
                request.setSystemProperties(new Properties());
                request.setActiveProfileIds(choice);
                request.setModelResolver(new Resolver());
                Model model = effective(builder, request);
                String path = home.relativize(pom).toString();
                for (Dependency dependency : model.getDependencies()) {
                    lines.add(line("dependency", path, dependency));
                }
                if (model.getBuild() == null) {
                    continue;
                }
                for (Plugin plugin : model.getBuild().getPlugins()) {
                    lines.add(line("plugin", path, plugin.getKey(), plugin.getVersion(), "", "false"));
                    for (Dependency dependency : plugin.getDependencies()) {
                        lines.add(line("plugin-dependency", path, dependency));
                    }
                }
                for (Extension extension : model.getBuild().getExtensions()) {
                    String key = extension.getGroupId() + ":" + extension.getArtifactId();
                    lines.add(line("extension", path, key, extension.getVersion(), "", "false"));
                }
            }
        }
        lines.forEach(System.out::println);
    }

    /** The effective model, even if Maven would not build it: a version may be missing. */
    private static Model effective(ModelBuilder builder, ModelBuildingRequest request) throws ModelBuildingException {
        try {
            return builder.build(request).getEffectiveModel();
        } catch (ModelBuildingException refused) {
            // What the validation of the finished model says names an element; whatever else fails has no model.
            boolean bearable = refused.getProblems().stream().allMatch(problem -> problem.getMessage().startsWith("'"));
            Model model = refused.getResult().getEffectiveModel();
            if (!bearable || model == null) {
                throw refused;
            }
            return model;
        }
    }

    private static String line(String kind, String path, Dependency dependency) {
        String key = dependency.getGroupId() + ":" + dependency.getArtifactId();
        String optional = String.valueOf(dependency.isOptional());
        return line(kind, path, key, dependency.getVersion(), dependency.getScope(), optional);
    }

    private static String line(String kind, String path, String key, String version, String scope, String optional) {
        return String.join("\t", kind, path, key, version == null ? "" : version, scope == null ? "" : scope, optional);
    }

    private static List<Path> poms(Path folder, String ending) throws Exception {
        try (var files = Files.walk(folder)) {
            return files.filter(file -> file.endsWith("pom.xml") || file.toString().endsWith(ending))
                    .filter(Files::isRegularFile)
                    .sorted()
                    .collect(Collectors.toList());
        }
    }

    private static Model raw(Path pom) throws Exception {
        try (var bytes = Files.newInputStream(pom)) {
            return new MavenXpp3Reader().read(bytes, false);
        }
    }

    /** A repository that holds every pom of the folders. */
    private static final class Resolver implements ModelResolver {
        @Override
        public ModelSource resolveModel(String group, String artifact, String version)
                throws UnresolvableModelException {
            File pom = KNOWN.get(group + ":" + artifact + ":" + version);
            // The version of a reactor may be a property, which Maven expands when it installs the pom.
            pom = pom != null ? pom : KNOWN.get(group + ":" + artifact + ":${revision}");
            if (pom == null) {
                throw new UnresolvableModelException("not there", group, artifact, version);
            }
            return new FileModelSource(pom);
        }

        @Override
        public ModelSource resolveModel(Parent parent) throws UnresolvableModelException {
            return resolveModel(parent.getGroupId(), parent.getArtifactId(), parent.getVersion());
        }

        @Override
        public ModelSource resolveModel(Dependency dependency) throws UnresolvableModelException {
            return resolveModel(dependency.getGroupId(), dependency.getArtifactId(), dependency.getVersion());
        }

        @Override
        public void addRepository(Repository repository) {}

        @Override
        public void addRepository(Repository repository, boolean replace) {}

        @Override
        public ModelResolver newCopy() {
            return this;
        }
    }
}
