# Orders pairs of versions with RubyGems' Gem::Version; called by ../make.
require "rubygems"

ESCAPES = { "\\\\" => "\\", "\\t" => "\t", "\\n" => "\n", "\\r" => "\r" }.freeze

def plain(text)
  text.gsub(/\\[\\tnr]/) { |escape| ESCAPES[escape] }
end

def order(left, right)
  ["=", ">", "<"][Gem::Version.new(plain(left)) <=> Gem::Version.new(plain(right))]
rescue ArgumentError
  "!"
end

def table(pairs)
  rows = pairs.force_encoding("UTF-8").split("\n").map do |line|
    left, right = line.split("\t", -1)
    "#{left}\t#{order(left, right)}\t#{right}\n"
  end
  "# RubyGems #{Gem::VERSION}, Ruby #{RUBY_VERSION}\n#{rows.join}"
end

$stdout.write(table($stdin.read)) if RUBY_PLATFORM !~ /wasm/
