// What the ledger knew when a part of the journals had been read, as bytes: so that a start reads the rest and not all
// there ever was, and old segments may go without money going with them. One block, accepted whole or not at all.
internal import Units

/// A replay, and how far it has read each journal.
public struct Balances: Sendable {
    public var replay = LedgerReplay()
    /// By the journal's name, the last of its segments that is in it.
    public var covered: [String: UInt64] = [:]

    public init() {}

    static let magic: UInt64 = 0x4543_4E41_4C41_4250  // "PBALANCE"
    static let version: UInt64 = 4
    /// Without bills of other nodes' ads. Where there are none it is written still.
    static let versionWithoutClaims: UInt64 = 3
    /// Without what an issuer on another machine has to hear. Where nobody has to hear anything it is written still, so that
    /// the program before this one reads it.
    static let versionWithoutEvidence: UInt64 = 2
    /// Before it what was settled of a session was not kept apart: such sessions have no closings.
    static let versionWithoutSettled: UInt64 = 1
    /// Magic, version, length and checksum.
    static let headBytes = 32

    public func encoded() -> [UInt8] {
        var body = NumberWriter()
        let names = Set(replay.totals.keys)
            .union(replay.writers.values.flatMap { Array($0.names.values) + Array($0.settled.keys) })
            .union(replay.open.values.map(\.name)).union(replay.claims.values.map(\.name))
            .union(replay.evidenceNames).sorted()
        let hasClaims = !replay.elsewhere.isEmpty
        let hasEvidence = replay.keepsEvidence || !replay.evidence.isEmpty || hasClaims
        let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, UInt64($0)) })
        func put(_ name: AccountName) { body.put(places[name] ?? .max) }
        func put(_ key: ReservationKey) {
            body.put(key.session.rawValue)
            body.put(UInt64(key.shard))
            body.put(key.sequence)
        }
        func put(_ sums: [AccountName: Micros]) {
            body.put(UInt64(sums.count))
            for (name, amount) in sums.sorted(by: { $0.key < $1.key }) {
                put(name)
                body.put(amount)
            }
        }
        func put(_ rows: [ReservationKey: LedgerReplay.Open]) {
            body.put(UInt64(rows.count))
            for (key, row) in rows.sorted(by: { $0.key < $1.key }) {
                put(key)
                put(row.name)
                body.put(row.amount)
                body.put(UInt64(bitPattern: row.expires.nanoseconds))
            }
        }
        body.put(UInt64(covered.count))
        for (journal, number) in covered.sorted(by: { $0.key < $1.key }) {
            body.put(journal)
            body.put(number)
        }
        body.put(UInt64(names.count))
        for name in names {
            body.put(name.campaign)
            body.put(UInt64(bitPattern: name.day.map { Int64($0.number) } ?? .min))
        }
        body.put(UInt64(replay.totals.count))
        for (name, totals) in replay.totals.sorted(by: { $0.key < $1.key }) {
            put(name)
            body.put(totals.settled)
            body.put(totals.late)
            body.put(totals.presumed)
        }
        body.put(UInt64(replay.writers.count))
        for (writer, state) in replay.writers.sorted(by: { $0.key < $1.key }) {
            body.put(writer.session.rawValue)
            body.put(UInt64(writer.shard))
            // Zero stands for none.
            body.put(state.lastRecorded.map { $0 + 1 } ?? 0)
            body.put(UInt64(state.names.count))
            for (account, name) in state.names.sorted(by: { $0.key < $1.key }) {
                body.put(UInt64(account))
                put(name)
            }
            put(state.drawn)
            put(state.authorised)
            put(state.presumed)
            put(state.settled)
        }
        put(replay.open)
        put(replay.claims)
        body.put(UInt64(replay.settled.count))
        for (key, expires) in replay.settled.sorted(by: { $0.key < $1.key }) {
            put(key)
            body.put(UInt64(bitPattern: expires.nanoseconds))
        }
        body.put(UInt64(replay.released.count))
        for key in replay.released.sorted() { put(key) }
        body.put(UInt64(bitPattern: replay.longestHold.nanoseconds))
        body.put(UInt64(bitPattern: replay.lastTime.nanoseconds))
        if hasEvidence {
            body.put(UInt64(replay.acknowledged.count))
            for session in replay.acknowledged.sorted() { body.put(session.rawValue) }
            body.put(UInt64(replay.evidence.count))
            for (session, blocks) in replay.evidence.sorted(by: { $0.key < $1.key }) {
                body.put(session.rawValue)
                body.put(UInt64(blocks.count))
                blocks.forEach { block in
                    put(replay.evidenceNames[block.account.row])
                    body.put(UInt64(block.shard) << 32 | UInt64(block.number))
                    body.put(block.mask)
                    body.put(block.paid)
                    body.put(block.late)
                }
            }
        }
        if hasClaims { putClaims(into: &body) }

        var head = NumberWriter()
        head.put(Self.magic)
        head.put(
            hasClaims
                ? Self.version : hasEvidence ? Self.versionWithoutClaims : Self.versionWithoutEvidence)
        head.put(UInt64(body.bytes.count))
        head.put(UInt64(CRC32C.checksum(of: body.bytes.span.raw)))
        return head.bytes + body.bytes
    }

    /// What was encoded, or why these bytes are not that.
    public init(_ bytes: RawSpan) throws(NumbersRefusal) {
        var head = NumberReader(bytes)
        guard try head.number() == Self.magic else { throw NumbersRefusal("no balances: other magic bytes") }
        let version = try head.number()
        guard (Self.versionWithoutSettled...Self.version).contains(version) else {
            throw NumbersRefusal("version \(version), not \(Self.version)")
        }
        let length = try head.number()
        let checksum = try head.number()
        guard length == UInt64(bytes.byteCount - Self.headBytes) else {
            throw NumbersRefusal("\(bytes.byteCount) bytes, not \(length) behind the head")
        }
        guard checksum == UInt64(CRC32C.checksum(of: bytes.extracting(Self.headBytes..<bytes.byteCount)))
        else { throw NumbersRefusal("the checksum does not fit") }
        var body = head
        for _ in 0..<(try body.count()) { covered[try body.text()] = try body.number() }
        var names: [AccountName] = []
        for _ in 0..<(try body.count()) {
            let campaign = try body.text()
            let day = Int64(bitPattern: try body.number())
            names.append(
                AccountName(campaign: campaign, day: Int32(exactly: day).map { BudgetDay(number: $0) }))
        }
        for _ in 0..<(try body.count()) {
            let name = try body.name(names)
            var totals = AccountTotals()
            totals.settled = try body.amount()
            totals.late = try body.amount()
            totals.presumed = try body.amount()
            replay.totals[name] = totals
        }
        for _ in 0..<(try body.count()) {
            let session = LedgerSession(try body.number())
            let shard = UInt32(truncatingIfNeeded: try body.number())
            var state = LedgerReplay.Writer()
            let last = try body.number()
            state.lastRecorded = last == 0 ? nil : last - 1
            for _ in 0..<(try body.count()) {
                let account = UInt32(truncatingIfNeeded: try body.number())
                state.names[account] = try body.name(names)
            }
            state.drawn = try body.sums(names)
            state.authorised = try body.sums(names)
            state.presumed = try body.sums(names)
            if version > Self.versionWithoutSettled { state.settled = try body.sums(names) }
            replay.writers[ShardSession(session: session, shard: shard)] = state
        }
        replay.open = try body.rows(names)
        replay.claims = try body.rows(names)
        for _ in 0..<(try body.count()) {
            let key = try body.key()
            replay.settled[key] = Instant(nanoseconds: Int64(bitPattern: try body.number()))
        }
        for _ in 0..<(try body.count()) { replay.released.insert(try body.key()) }
        replay.longestHold = Interval(nanoseconds: Int64(bitPattern: try body.number()))
        replay.lastTime = Instant(nanoseconds: Int64(bitPattern: try body.number()))
        if version > Self.versionWithoutEvidence { try readEvidence(&body, names) }
        if version > Self.versionWithoutClaims { try readClaims(&body) }
        guard body.isAtEnd else { throw NumbersRefusal("bytes behind the end") }
    }
}

extension Balances {
    private func putClaims(into body: inout NumberWriter) {
        body.put(UInt64(replay.elsewhere.count))
        for (key, taken) in replay.elsewhere.sorted(by: { $0.key < $1.key }) {
            body.put(key.session.rawValue)
            body.put(UInt64(key.shard))
            body.put(key.sequence)
            body.put(UInt64(taken.claim.account.rawValue))
            body.put(UInt64(taken.claim.currency.rawValue))
            body.put(taken.claim.reserved)
            body.put(taken.claim.amount)
            body.put(UInt64(bitPattern: taken.at.nanoseconds))
        }
    }

    private mutating func readClaims(_ body: inout NumberReader) throws(NumbersRefusal) {
        for _ in 0..<(try body.count()) {
            let key = try body.key()
            let account = AccountIndex(UInt32(truncatingIfNeeded: try body.number()))
            guard let currency = CurrencyCode(rawValue: UInt32(truncatingIfNeeded: try body.number())) else {
                throw NumbersRefusal("a claim in no currency")
            }
            let (reserved, amount) = (try body.amount(), try body.amount())
            let claim = Claim(
                key: key, account: account, currency: currency, reserved: reserved, amount: amount)
            replay.elsewhere[key] = TakenClaim(
                claim, at: Instant(nanoseconds: Int64(bitPattern: try body.number())))
        }
    }

    private mutating func readEvidence(
        _ body: inout NumberReader, _ names: [AccountName]
    ) throws(NumbersRefusal) {
        for _ in 0..<(try body.count()) { replay.acknowledged.insert(LedgerSession(try body.number())) }
        for _ in 0..<(try body.count()) {
            let session = LedgerSession(try body.number())
            var blocks = SettlementBlocks()
            for _ in 0..<(try body.count()) {
                let account = replay.evidenceAccount(try body.name(names))
                let place = try body.number()
                let block = SettlementBlock(
                    account: account, shard: UInt32(place >> 32), number: UInt32(truncatingIfNeeded: place),
                    mask: try body.number(), paid: try body.amount(), late: try body.amount())
                guard block.mask != 0, !blocks.contains(block.place) else {
                    throw NumbersRefusal("a block that is empty, or stands there twice")
                }
                blocks.take(block)
            }
            replay.evidence[session] = blocks
        }
    }
}

extension NumberReader {
    @_lifetime(self: copy self)
    mutating func name(_ names: [AccountName]) throws(NumbersRefusal) -> AccountName {
        let place = try number()
        guard place < UInt64(names.count) else { throw NumbersRefusal("no name \(place)") }
        return names[Int(place)]
    }

    @_lifetime(self: copy self)
    mutating func key() throws(NumbersRefusal) -> ReservationKey {
        let session = LedgerSession(try number())
        let shard = UInt32(truncatingIfNeeded: try number())
        return ReservationKey(session: session, shard: shard, sequence: try number())
    }

    @_lifetime(self: copy self)
    mutating func sums(_ names: [AccountName]) throws(NumbersRefusal) -> [AccountName: Micros] {
        var sums: [AccountName: Micros] = [:]
        for _ in 0..<(try count()) {
            let name = try name(names)
            sums[name] = try amount()
        }
        return sums
    }

    @_lifetime(self: copy self)
    mutating func rows(
        _ names: [AccountName]
    ) throws(NumbersRefusal) -> [ReservationKey: LedgerReplay.Open] {
        var rows: [ReservationKey: LedgerReplay.Open] = [:]
        for _ in 0..<(try count()) {
            let key = try key()
            let name = try name(names)
            let amount = try amount()
            rows[key] = LedgerReplay.Open(
                name: name, amount: amount, expires: Instant(nanoseconds: Int64(bitPattern: try number())))
        }
        return rows
    }
}
