import { Dialog } from '../controls/dialog.tsx'
import { useScreen } from '../screen.ts'

const KEYS: readonly (readonly [string, string])[] = [
  ['Ctrl+Shift+K', 'HALT at once: cancel every order, send no new one'],
  ['Space or Enter, held', 'on HALT or Flatten: the same as holding the mouse'],
  ['1 … 5', 'go to candles, book, reconciliation, proof, processes'],
  ['/', 'filter the book'],
  ['T', 'candles as a table under the chart'],
  ['R', 'replay a recorded session'],
  ['F', 'freeze the display (HALT and warnings stay live); again to go on'],
  ['← → Home End', 'between tabs; on a divider: resize'],
  ['Enter, Esc', 'on an order being amended: ask for the new terms, leave it as it is'],
  ['Esc', 'close'],
  ['?', 'this list'],
]

export function KeysDialog({ onClose }: { readonly onClose: () => void }) {
  const { ui } = useScreen()
  return (
    <Dialog title="Keys" onClose={onClose}>
      <table className="keys" aria-label="Keys">
        <thead>
          <tr>
            <th scope="col">Key</th>
            <th scope="col">Does</th>
          </tr>
        </thead>
        <tbody>
          {KEYS.map(([key, does]) => (
            <tr key={key}>
              <th scope="row">
                <kbd>{key}</kbd>
              </th>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="note">Single-letter keys can be switched off in Settings.</p>
      <p>
        <button type="button" onClick={() => ui.setState({ dialog: 'about' })}>
          About and notices
        </button>
      </p>
    </Dialog>
  )
}
