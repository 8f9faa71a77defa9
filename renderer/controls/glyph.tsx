/** A symbol to see and a word to hear. */
export const Glyph = ({ symbol, word }: { readonly symbol: string; readonly word: string }) => (
  <>
    <span aria-hidden="true">{symbol}</span>
    <span className="visually-hidden">{word}</span>
  </>
)
