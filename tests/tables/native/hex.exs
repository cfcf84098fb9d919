# Orders pairs of versions with Elixir's Version; called by ../make. With VERSION_EX, a file with that module of another Elixir, it answers.
{module, name} =
  case System.get_env("VERSION_EX") do
    nil ->
      {Version, System.version()}

    path ->
      # Protocols stay those of the Elixir that runs this.
      [code | _] = path |> File.read!() |> String.split("\ndefimpl ")
      Code.compile_string(String.replace(code, ~r/\bVersion\b/, "Newer.Version"))
      {Newer.Version, System.get_env("VERSION_NAME")}
  end

plain = fn text ->
  Regex.replace(~r/\\[\\tnr]/, text, &Map.fetch!(%{"\\\\" => "\\", "\\t" => "\t", "\\n" => "\n", "\\r" => "\r"}, &1))
end

IO.puts("# Version of Elixir #{name}, Elixir #{System.version()}")

for line <- IO.stream(:stdio, :line) do
  [left, right] = line |> String.trim_trailing("\n") |> String.split("\t")

  order =
    with {:ok, one} <- module.parse(plain.(left)), {:ok, other} <- module.parse(plain.(right)) do
      %{lt: "<", eq: "=", gt: ">"}[module.compare(one, other)]
    else
      :error -> "!"
    end

  IO.puts("#{left}\t#{order}\t#{right}")
end
