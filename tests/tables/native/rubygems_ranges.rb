# Whether requirements of RubyGems' Gem::Requirement are satisfied by versions; called by ../make. A requirement is split at its commas, as
# Bundler does it with what a lockfile has.
require "rubygems"

ESCAPES = { "\\\\" => "\\", "\\t" => "\t", "\\n" => "\n", "\\r" => "\r" }.freeze

def plain(text)
  text.gsub(/\\[\\tnr]/) { |escape| ESCAPES[escape] }
end

def answer(range, version)
  Gem::Requirement.new(*plain(range).split(",")).satisfied_by?(Gem::Version.new(plain(version))) ? 1 : 0
rescue ArgumentError
  "!"
end

puts "# RubyGems #{Gem::VERSION}, Ruby #{RUBY_VERSION}"
$stdin.set_encoding("UTF-8")
$stdout.set_encoding("UTF-8")
$stdin.each_line(chomp: true) do |line|
  range, version = line.split("\t", -1)
  puts "#{range}\t#{version}\t#{answer(range, version)}"
end
