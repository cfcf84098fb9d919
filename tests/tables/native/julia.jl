# Orders pairs of versions with Julia's VersionNumber; called by ../make where JULIA is set.
plain(text) = replace(text, "\\\\" => "\\", "\\t" => "\t", "\\n" => "\n", "\\r" => "\r")
function parsed(text)
    try
        VersionNumber(plain(text))
    catch
        nothing
    end
end
println("# VersionNumber of Julia $VERSION")
for line in eachline()
    left, right = split(line, '\t')
    one, other = parsed(left), parsed(right)
    order = one === nothing || other === nothing ? "!" : one < other ? "<" : one > other ? ">" : "="
    println(left, '\t', order, '\t', right)
end
