// Rows of a broker as the bytes of one record of its journal.
internal import Units

extension BrokerRows {
    private static let version: UInt64 = 4
    /// Without what the wall clock was ahead by.
    private static let versionWithoutWall: UInt64 = 3
    /// Without sessions that are over, too.
    private static let versionWithoutFormer: UInt64 = 2
    /// Without the time at which the renewal was sent, too.
    private static let versionWithoutTime: UInt64 = 1

    public func encoded() -> [UInt8] {
        var writer = NumberWriter()
        writer.put(Self.version)
        writer.put(session == nil ? 0 : 1 as UInt64)
        if let session {
            writer.put(session.session.rawValue)
            writer.put(session.nonce)
            writer.put(session.request)
            writer.put(session.sentAt == nil ? 0 : 1 as UInt64)
            writer.put(UInt64(bitPattern: session.sentAt?.nanoseconds ?? 0))
            writer.put(UInt64(bitPattern: session.fence.nanoseconds))
            writer.put(session.boot)
            writer.put(session.wallAhead == nil ? 0 : 1 as UInt64)
            writer.put(UInt64(bitPattern: session.wallAhead?.nanoseconds ?? 0))
        }
        writer.put(UInt64(former.count))
        for one in former { Self.put(one, &writer) }
        writer.put(UInt64(book.accounts.count))
        for (account, row) in zip(accounts, book.accounts) { Self.put(account, row.account, &writer) }
        writer.put(UInt64(book.sessions.count))
        for row in book.sessions {
            writer.put(UInt64(row.row))
            writer.put(row.session.rawValue)
            writer.put(UInt64(row.holder.rawValue))
            let flags = (row.isFenced ? 1 : 0) | (row.isPresumed ? 2 : 0) | (row.isCloned ? 4 : 0)
            writer.put(UInt64(flags))
            writer.put(row.nonce)
            writer.put(row.usedBy)
        }
        writer.put(UInt64(book.cells.count))
        for row in book.cells {
            writer.put(row.session.rawValue)
            writer.put(UInt64(row.account.rawValue))
            for amount in [row.granted, row.returned, row.settled, row.waiting] { writer.put(amount) }
            writer.put(UInt64(row.closedLeaves))
        }
        writer.put(UInt64(book.leaves.count))
        for row in book.leaves {
            writer.put(UInt64(row.row))
            writer.put(row.key.root.rawValue)
            writer.put(row.key.node.rawValue)
        }
        writer.put(UInt64(book.leafCells.count))
        for row in book.leafCells {
            writer.put(row.leaf.rawValue)
            writer.put(UInt64(row.account.rawValue))
            for amount in [row.paid, row.late, row.claimed, row.claimedLate, row.drawn, row.freed] {
                writer.put(amount)
            }
            writer.put(row.isClosed ? 1 : 0 as UInt64)
        }
        writer.put(UInt64(book.blocks.count))
        for row in book.blocks {
            writer.put(row.leaf.rawValue)
            writer.put(UInt64(row.block.account.rawValue))
            writer.put(UInt64(row.block.shard) << 32 | UInt64(row.block.number))
            writer.put(row.block.mask)
            writer.put(row.block.paid)
            writer.put(row.block.late)
        }
        return writer.bytes
    }

    private static func put(_ former: Former, _ writer: inout NumberWriter) {
        writer.put(former.session.rawValue)
        writer.put(UInt64(former.sums.count))
        for sum in former.sums {
            put(sum.name, &writer)
            writer.put(UInt64(sum.number.rawValue))
            writer.put(UInt64(sum.currency.rawValue))
            writer.put(sum.granted)
            writer.put(sum.returned)
        }
        writer.put(UInt64(former.nodes.count))
        for node in former.nodes { writer.put(node.rawValue) }
    }

    private static func put(_ name: AccountName, _ writer: inout NumberWriter) {
        writer.put(name.campaign)
        writer.put(UInt64(bitPattern: name.day.map { Int64($0.number) } ?? .min))
    }

    private static func put(_ account: Account, _ row: GrantBook.Account, _ writer: inout NumberWriter) {
        writer.put(UInt64(account.index.rawValue))
        writer.put(UInt64(account.number.rawValue))
        put(account.name, &writer)
        writer.put(account.granted)
        writer.put(account.returned)
        writer.put(UInt64(row.currency.rawValue))
        for amount in [
            row.highest, row.budget, row.granted, row.settled, row.suspense, row.presumed, row.late,
        ] { writer.put(amount) }
    }

    /// What was encoded, or why these bytes are not that.
    public init(_ bytes: RawSpan) throws(NumbersRefusal) {
        var reader = NumberReader(bytes)
        let version = try reader.number()
        guard (Self.versionWithoutTime...Self.version).contains(version) else {
            throw NumbersRefusal("rows of version \(version), not \(Self.version)")
        }
        if try reader.number() != 0 {
            session = Session(
                session: LedgerSession(try reader.number()), nonce: try reader.number(),
                request: try reader.number(),
                // It may have been sent at any time.
                sentAt: version == Self.versionWithoutTime
                    ? Instant(nanoseconds: .min) : try Self.time(&reader),
                fence: Instant(nanoseconds: Int64(bitPattern: try reader.number())),
                boot: try reader.number(),
                wallAhead: version > Self.versionWithoutWall
                    ? try Self.time(&reader).map { Interval(nanoseconds: $0.nanoseconds) } : nil)
        }
        if version > Self.versionWithoutFormer {
            for _ in 0..<(try reader.count()) { former.append(try Self.former(&reader)) }
        }
        for _ in 0..<(try reader.count()) { try readAccount(&reader) }
        for _ in 0..<(try reader.count()) { book.sessions.append(try Self.session(&reader)) }
        for _ in 0..<(try reader.count()) {
            var row = BookRows.CellRow(
                session: LedgerSession(try reader.number()), account: try reader.account())
            row.granted = try reader.amount()
            row.returned = try reader.amount()
            row.settled = try reader.amount()
            row.waiting = try reader.amount()
            row.closedLeaves = try reader.integer()
            book.cells.append(row)
        }
        for _ in 0..<(try reader.count()) {
            book.leaves.append(
                BookRows.LeafRow(
                    row: try reader.integer(),
                    key: LeafKey(
                        root: LedgerSession(try reader.number()), node: LedgerSession(try reader.number()))))
        }
        for _ in 0..<(try reader.count()) {
            var row = BookRows.LeafCellRow(
                leaf: LedgerSession(try reader.number()), account: try reader.account())
            row.paid = try reader.amount()
            row.late = try reader.amount()
            row.claimed = try reader.amount()
            row.claimedLate = try reader.amount()
            row.drawn = try reader.amount()
            row.freed = try reader.amount()
            row.isClosed = try reader.number() != 0
            book.leafCells.append(row)
        }
        for _ in 0..<(try reader.count()) {
            let leaf = LedgerSession(try reader.number())
            let account = try reader.account()
            let place = try reader.number()
            let block = SettlementBlock(
                account: account, shard: UInt32(place >> 32), number: UInt32(truncatingIfNeeded: place),
                mask: try reader.number(), paid: try reader.amount(), late: try reader.amount())
            book.blocks.append(BookRows.BlockRow(leaf: leaf, block: block))
        }
        guard reader.isAtEnd else { throw NumbersRefusal("bytes behind the end") }
    }

    private static func time(_ reader: inout NumberReader) throws(NumbersRefusal) -> Instant? {
        let isThere = try reader.number() != 0
        let nanoseconds = Int64(bitPattern: try reader.number())
        return isThere ? Instant(nanoseconds: nanoseconds) : nil
    }

    private static func former(_ reader: inout NumberReader) throws(NumbersRefusal) -> Former {
        var former = Former(session: LedgerSession(try reader.number()), sums: [], nodes: [])
        for _ in 0..<(try reader.count()) {
            former.sums.append(
                HolderPresentation.Sum(
                    try name(&reader), number: try reader.account(), currency: try currency(&reader),
                    granted: try reader.amount(), returned: try reader.amount()))
        }
        for _ in 0..<(try reader.count()) { former.nodes.append(LedgerSession(try reader.number())) }
        return former
    }

    private static func name(_ reader: inout NumberReader) throws(NumbersRefusal) -> AccountName {
        let campaign = try reader.text()
        let day = Int64(bitPattern: try reader.number())
        return AccountName(campaign: campaign, day: Int32(exactly: day).map { BudgetDay(number: $0) })
    }

    private static func currency(_ reader: inout NumberReader) throws(NumbersRefusal) -> CurrencyCode {
        let code = try reader.number()
        guard let currency = UInt32(exactly: code).flatMap({ CurrencyCode(rawValue: $0) }) else {
            throw NumbersRefusal("\(code) is no currency")
        }
        return currency
    }

    private mutating func readAccount(_ reader: inout NumberReader) throws(NumbersRefusal) {
        let index = try reader.account()
        let number = try reader.account()
        var account = Account(index: index, number: number, name: try Self.name(&reader))
        account.granted = try reader.amount()
        account.returned = try reader.amount()
        var row = GrantBook.Account(
            currency: try Self.currency(&reader), highest: try reader.amount())
        row.budget = try reader.amount()
        row.granted = try reader.amount()
        row.settled = try reader.amount()
        row.suspense = try reader.amount()
        row.presumed = try reader.amount()
        row.late = try reader.amount()
        accounts.append(account)
        book.accounts.append(BookRows.AccountRow(index: index, account: row))
    }

    private static func session(
        _ reader: inout NumberReader
    ) throws(NumbersRefusal) -> BookRows.SessionRow {
        let place = try reader.integer()
        let session = LedgerSession(try reader.number())
        let holder = try reader.number()
        guard holder < UInt64(HolderNumber.most) else { throw NumbersRefusal("no holder \(holder)") }
        var row = BookRows.SessionRow(row: place, session: session, holder: HolderNumber(UInt8(holder)))
        let flags = try reader.number()
        row.isFenced = flags & 1 != 0
        row.isPresumed = flags & 2 != 0
        row.isCloned = flags & 4 != 0
        row.nonce = try reader.number()
        row.usedBy = try reader.number()
        return row
    }
}

extension NumberReader {
    @_lifetime(self: copy self)
    fileprivate mutating func account() throws(NumbersRefusal) -> AccountIndex {
        let number = try number()
        guard let account = UInt32(exactly: number) else { throw NumbersRefusal("no account \(number)") }
        return AccountIndex(account)
    }

    @_lifetime(self: copy self)
    fileprivate mutating func integer() throws(NumbersRefusal) -> Int {
        let number = try number()
        guard let integer = Int(exactly: number) else { throw NumbersRefusal("no number of rows: \(number)") }
        return integer
    }
}
