/**
 * A dense table: headers with scope, numbers at the right, a fixed row height, only the rows in view in the document
 * (INV-11 bounds the rest), a filter, CSV of exactly the rows shown.
 */
import { Fragment, useCallback, useMemo, useRef, useState, type ReactNode } from 'react'
import { toCsv } from '../text/csv.ts'

const ROW_PX = 24
const OVERSCAN = 8
/** Below this many rows all of them are in the document. */
const WHOLE_UNTIL = 60

export interface Column<Row> {
  readonly id: string
  readonly head: string
  readonly end?: boolean
  /** The figure as the engine said it: for CSV and the filter. */
  readonly text: (row: Row) => string
  /** How it looks; default: the text. */
  readonly cell?: (row: Row) => ReactNode
  readonly width?: string
  /** Taken off first when the panel is narrow. */
  readonly minor?: boolean
}

export interface DataTableProps<Row> {
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly rowKey: (row: Row) => string
  readonly filter?: string
  readonly empty: string
  /** What is shown under the row of this key, across the table. */
  readonly detail?: { readonly key: string; readonly body: ReactNode } | null
}

export function filterRows<Row>(rows: readonly Row[], columns: readonly Column<Row>[], filter: string): readonly Row[] {
  const wanted = filter.trim().toLowerCase()
  if (wanted === '') return rows
  return rows.filter((row) => columns.some((column) => column.text(row).toLowerCase().includes(wanted)))
}

export function DataTable<Row>({ label, columns, rows, rowKey, filter = '', empty, detail = null }: DataTableProps<Row>) {
  const [scrollTop, setScrollTop] = useState(0)
  const [height, setHeight] = useState(400)
  const shown = useMemo(() => filterRows(rows, columns, filter), [rows, columns, filter])
  const observer = useRef<ResizeObserver | null>(null)
  const scroller = useCallback((element: HTMLDivElement | null) => {
    observer.current?.disconnect()
    if (element === null) return
    observer.current = new ResizeObserver(() => setHeight(element.clientHeight))
    observer.current.observe(element)
  }, [])
  if (shown.length === 0)
    return <p className="panel-line">{rows.length === 0 ? empty : `None of ${rows.length} rows matches “${filter}”.`}</p>

  const whole = shown.length <= WHOLE_UNTIL
  const first = whole ? 0 : Math.max(0, Math.floor(scrollTop / ROW_PX) - OVERSCAN)
  const last = whole ? shown.length : Math.min(shown.length, Math.ceil((scrollTop + height) / ROW_PX) + OVERSCAN)
  return (
    <div
      className="table-scroll"
      role="group"
      aria-label={`${label} table`}
      tabIndex={0}
      ref={scroller}
      onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
    >
      <table aria-label={label} aria-rowcount={shown.length + 1}>
        <colgroup>
          {columns.map((column) => (
            <col
              key={column.id}
              style={column.width === undefined ? undefined : { width: column.width }}
              className={column.minor === true ? 'minor' : undefined}
            />
          ))}
        </colgroup>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.id} scope="col" className={classes(column)}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {first > 0 ? <Spacer rows={first} span={columns.length} /> : null}
          {shown.slice(first, last).map((row, i) => (
            <Fragment key={rowKey(row)}>
              <tr aria-rowindex={first + i + 2}>
                {columns.map((column) => (
                  <td key={column.id} className={classes(column)}>
                    {column.cell?.(row) ?? column.text(row)}
                  </td>
                ))}
              </tr>
              {detail?.key === rowKey(row) ? (
                <tr className="row-detail">
                  <td colSpan={columns.length}>{detail.body}</td>
                </tr>
              ) : null}
            </Fragment>
          ))}
          {last < shown.length ? <Spacer rows={shown.length - last} span={columns.length} /> : null}
        </tbody>
      </table>
    </div>
  )
}

const classes = <Row,>(column: Column<Row>): string | undefined =>
  [column.end === true ? 'end' : '', column.minor === true ? 'minor' : ''].join(' ').trim() || undefined

const Spacer = ({ rows, span }: { readonly rows: number; readonly span: number }) => (
  <tr aria-hidden="true" className="spacer" style={{ height: rows * ROW_PX }}>
    <td colSpan={span} />
  </tr>
)

/** Offers the rows shown as a file. */
export function downloadTable<Row>(name: string, columns: readonly Column<Row>[], rows: readonly Row[], filter: string): void {
  const body = filterRows(rows, columns, filter).map((row) => columns.map((column) => column.text(row)))
  downloadText(
    `${name}.csv`,
    toCsv(
      columns.map((column) => column.head),
      body,
    ),
  )
}

export function downloadText(fileName: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = url
  link.download = fileName
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
