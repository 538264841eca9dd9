// The ledger's records: what each holds, written and read. Whose they are, the segment's header says: its session and
// shard.
public import Ledger
import Units

extension RecordKind {
    public static let accountOpened = RecordKind(rawValue: 32)
    public static let mark = RecordKind(rawValue: 33)
    public static let reserved = RecordKind(rawValue: 34)
    public static let settled = RecordKind(rawValue: 35)
    public static let released = RecordKind(rawValue: 36)
    public static let accountClosed = RecordKind(rawValue: 37)
    public static let presumed = RecordKind(rawValue: 38)
    /// A bill of another node's ad, as its token tells it: for the account's issuer, whose number the account has here.
    public static let claimed = RecordKind(rawValue: 39)

    static let ledger: Set<RecordKind> = [
        .accountOpened, .mark, .reserved, .settled, .released, .accountClosed, .presumed, .claimed,
    ]
}

extension RecordLayout {
    private static let key: [(name: String, kind: FieldKind)] = [
        ("session", .u64), ("shard", .u32), ("sequence", .u64), ("account", .u32),
    ]

    static let ledger: [RecordLayout] = [
        // A day of the least number stands for none.
        RecordLayout(
            "account-opened", .accountOpened, version: 1,
            [("account", .u32), ("day", .i64), ("campaign", .text)]),
        RecordLayout(
            "mark", .mark, version: 1,
            [("account", .u32), ("number", .u32), ("amountMicros", .i64), ("drawnMicros", .i64)]),
        RecordLayout(
            "reserved", .reserved, version: 1,
            key + [("mark", .u32), ("amountMicros", .i64), ("expires", .i64)]),
        RecordLayout(
            "settled", .settled, version: 1,
            key + [("reservedMicros", .i64), ("paidMicros", .i64), ("lateMicros", .i64)]),
        RecordLayout(
            "released", .released, version: 1, key + [("amountMicros", .i64), ("cause", .u16)]),
        RecordLayout(
            "account-closed", .accountClosed, version: 1, [("account", .u32), ("unusedMicros", .i64)]),
        RecordLayout(
            "presumed", .presumed, version: 1,
            [("session", .u64), ("shard", .u32), ("account", .u32), ("amountMicros", .i64)]),
        RecordLayout(
            "claimed", .claimed, version: 1,
            key + [("currency", .u32), ("reservedMicros", .i64), ("amountMicros", .i64)]),
    ]
}

extension LedgerRecord {
    public var kind: RecordKind {
        switch self {
        case .mark: .mark
        case .reserved: .reserved
        case .settled: .settled
        case .released: .released
        case .closed: .accountClosed
        case .presumed: .presumed
        }
    }

    /// The longest of them, with some room.
    public static let payloadBytesMost = 96

    public func write(into writer: inout PayloadWriter) {
        switch self {
        case .mark(let mark):
            writer.put(mark.account.rawValue)
            writer.put(mark.number)
            writer.put(mark.amount.rawValue)
            writer.put(mark.drawn.rawValue)
        case .reserved(let one):
            writer.put(one.key, one.account)
            writer.put(one.mark)
            writer.put(one.amount.rawValue)
            writer.put(one.expires.nanoseconds)
        case .settled(let one):
            writer.put(one.key, one.account)
            writer.put(one.reserved.rawValue)
            writer.put(one.paid.rawValue)
            writer.put(one.late.rawValue)
        case .released(let one):
            writer.put(one.key, one.account)
            writer.put(one.amount.rawValue)
            writer.put(UInt16(one.cause.rawValue))
        case .closed(let one):
            writer.put(one.account.rawValue)
            writer.put(one.unused.rawValue)
        case .presumed(let one):
            writer.put(one.doubt.session.rawValue)
            writer.put(one.doubt.shard)
            writer.put(one.doubt.account.rawValue)
            writer.put(one.amount.rawValue)
        }
    }

    /// Nil for a record of another kind or version, or one that is not as its kind is.
    public init?(_ kind: RecordKind, version: UInt16, _ payload: RawSpan) {
        guard let length = Self.length(kind), version == 1, payload.byteCount == length else { return nil }
        switch kind {
        case .mark:
            self = .mark(
                DrawMark(
                    account: AccountIndex(payload.number(at: 0)), number: payload.number(at: 4),
                    amount: Micros(payload.number(at: 8)), drawn: Micros(payload.number(at: 16))))
        case .reserved:
            self = .reserved(
                Reservation(
                    key: payload.reservationKey, account: AccountIndex(payload.number(at: 20)),
                    mark: payload.number(at: 24), amount: Micros(payload.number(at: 28)),
                    expires: Instant(nanoseconds: payload.number(at: 36))))
        case .settled:
            self = .settled(
                SettlementRecord(
                    key: payload.reservationKey, account: AccountIndex(payload.number(at: 20)),
                    reserved: Micros(payload.number(at: 24)), paid: Micros(payload.number(at: 32)),
                    late: Micros(payload.number(at: 40))))
        case .released:
            let cause: UInt16 = payload.number(at: 32)
            guard let cause = ReleaseRecord.Cause(rawValue: UInt8(truncatingIfNeeded: cause)) else {
                return nil
            }
            self = .released(
                ReleaseRecord(
                    key: payload.reservationKey, account: AccountIndex(payload.number(at: 20)),
                    amount: Micros(payload.number(at: 24)), cause: cause))
        case .accountClosed:
            self = .closed(
                ClosingRecord(
                    account: AccountIndex(payload.number(at: 0)), unused: Micros(payload.number(at: 4))))
        default:
            self = .presumed(
                PresumedRecord(
                    doubt: DoubtKey(
                        session: LedgerSession(payload.number(at: 0)), shard: payload.number(at: 8),
                        account: AccountIndex(payload.number(at: 12))),
                    amount: Micros(payload.number(at: 16))))
        }
    }

    private static func length(_ kind: RecordKind) -> Int? {
        switch kind {
        case .mark: 24
        case .reserved: 44
        case .settled: 48
        case .released: 34
        case .accountClosed: 12
        case .presumed: 24
        default: nil
        }
    }
}

extension Claim {
    public func write(into writer: inout PayloadWriter) {
        writer.put(key, account)
        writer.put(currency.rawValue)
        writer.put(reserved.rawValue)
        writer.put(amount.rawValue)
    }

    /// Nil for a record of another kind or version, or one that is not as its kind is.
    public init?(_ kind: RecordKind, version: UInt16, _ payload: RawSpan) {
        guard kind == .claimed, version == 1, payload.byteCount == 44,
            let currency = CurrencyCode(rawValue: payload.number(at: 24))
        else { return nil }
        self.init(
            key: payload.reservationKey, account: AccountIndex(payload.number(at: 20)), currency: currency,
            reserved: Micros(payload.number(at: 28)), amount: Micros(payload.number(at: 36)))
    }
}

/// The name that an account of a session has.
public struct AccountOpening: Equatable, Sendable {
    public let account: AccountIndex
    public let name: AccountName

    public init(account: AccountIndex, name: AccountName) {
        self.account = account
        self.name = name
    }

    public func write(into writer: inout PayloadWriter) {
        writer.put(account.rawValue)
        writer.put(name.day.map { Int64($0.number) } ?? .min)
        writer.put(text: name.campaign)
    }

    public init?(_ kind: RecordKind, version: UInt16, _ payload: RawSpan) {
        guard kind == .accountOpened, version == 1, payload.byteCount >= 14 else { return nil }
        let length: UInt16 = payload.number(at: 12)
        guard payload.byteCount == 14 + Int(length) else { return nil }
        let day: Int64 = payload.number(at: 4)
        account = AccountIndex(payload.number(at: 0))
        name = AccountName(
            campaign: payload.extracting(14..<payload.byteCount).text,
            day: Int32(exactly: day).map { BudgetDay(number: $0) })
    }
}

extension PayloadWriter {
    fileprivate mutating func put(_ key: ReservationKey, _ account: AccountIndex) {
        put(key.session.rawValue)
        put(key.shard)
        put(key.sequence)
        put(account.rawValue)
    }
}

extension RawSpan {
    fileprivate var reservationKey: ReservationKey {
        ReservationKey(
            session: LedgerSession(number(at: 0)), shard: number(at: 8), sequence: number(at: 12))
    }
}
