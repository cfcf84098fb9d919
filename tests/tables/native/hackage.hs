-- Orders pairs of versions with Cabal's Version; called by ../make.
import Distribution.Parsec (simpleParsec)
import Distribution.Pretty (prettyShow)
import Distribution.Simple.Utils (cabalVersion)
import Distribution.Version (Version)
import System.IO

plain :: String -> String
plain ('\\' : mark : rest) = maybe mark id (lookup mark [('t', '\t'), ('n', '\n'), ('r', '\r')]) : plain rest
plain (letter : rest) = letter : plain rest
plain [] = []

answer :: String -> String
answer line = left ++ "\t" ++ order ++ "\t" ++ right
  where
    (left, rest) = break (== '\t') line
    right = drop 1 rest
    read' text = simpleParsec (plain text) :: Maybe Version
    order = case (read' left, read' right) of
      (Just one, Just other) -> case compare one other of
        LT -> "<"
        EQ -> "="
        GT -> ">"
      _ -> "!"

main :: IO ()
main = do
  mapM_ (`hSetEncoding` utf8) [stdin, stdout]
  putStrLn ("# Version of Cabal " ++ prettyShow cabalVersion)
  interact (unlines . map answer . lines)
