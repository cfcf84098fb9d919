-- Orders pairs of versions with rpm's own rpm.ver; called by ../make, run by rpmlua of rpm 4.17 or later.
local marks = { ["\\\\"] = "\\", ["\\t"] = "\t", ["\\n"] = "\n", ["\\r"] = "\r" }
local function plain(text)
    return (text:gsub("\\[\\tnr]", marks))
end
for line in io.lines() do
    local left, right = line:match("^([^\t]*)\t(.*)$")
    local one, other = rpm.ver(plain(left)), rpm.ver(plain(right))
    local order = "!"
    if one and other then
        order = one < other and "<" or one == other and "=" or ">"
    end
    print(left .. "\t" .. order .. "\t" .. right)
end
