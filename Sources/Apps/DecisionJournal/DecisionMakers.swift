// Makes recorded decisions again, from disk alone: the record, the catalog that it names, the settings that it names.
public import Catalog
public import Commands
public import Decision
import Kernel
public import Notices
import OpenRTB
import Store
public import Units

/// A recorded decision, made again.
public struct Remade {
    public let decision: Decision
    public let answer: [UInt8]
    /// The same bytes, as far as a checksum and a length can tell.
    public let isSame: Bool
    /// Where it was asked for.
    public let report: DecisionReport?
    /// What the state had answered, by row of the catalog.
    public let said: SaidByRow
    public let ads: [RecordedAd]
}

/// One catalog with one set of settings.
public final class DecisionMaker {
    public let snapshot: CatalogSnapshot
    private var decider: Decider

    /// - Parameter plan: of the models that were served; nil where there were none.
    public init(_ snapshot: CatalogSnapshot, _ settings: DecisionSettings, plan: ScoringPlan? = nil) {
        self.snapshot = snapshot
        decider = Decider(DecisionIndex(snapshot, settings), settings: settings, plan: plan)
    }

    /// Decides as the record says, with what the state answered then.
    public func remake(_ record: RecordedDecision, explains: Bool = false) throws(Failure) -> Remade {
        guard record.isReplayable, var state = RecordedState(record) else {
            throw Failure("decision \(hexadecimal(record.id)): \(record.kept.sentence)")
        }
        return try Self.decide(&decider, record, &state, explains, at: record.now) { $0.said }
    }

    /// Decides the record's request where the same is supposed of another catalog's line items; at another time where one is named.
    public func suppose(
        _ record: RecordedDecision, _ state: SupposedState, at now: Instant? = nil
    ) throws(Failure) -> Remade {
        var state = state
        return try Self.decide(&decider, record, &state, false, at: now ?? record.now) { _ in SaidByRow() }
    }

    private static func decide<State: DecisionState>(
        _ decider: inout Decider, _ record: RecordedDecision, _ state: inout State, _ explains: Bool,
        at now: Instant, _ said: (State) -> SaidByRow
    ) throws(Failure) -> Remade {
        let decision: Decision
        do {
            decision = try decider.decide(
                record.request.span.bytes, at: now, seed: record.id, format: record.format,
                state: &state, explains: explains)
        } catch {
            throw Failure("decision \(hexadecimal(record.id)): its request is refused now: \(error)")
        }
        let checksum = CRC32C.checksum(of: decider.answer)
        return Remade(
            decision: decision, answer: decider.answer.withUnsafeBytes { Array($0) },
            isSame: decision.byteCount == record.answerBytes && checksum == record.answerChecksum
                && decision.noBid == record.noBid, report: decider.report, said: said(state),
            ads: decider.ads)
    }
}

/// The makers for the catalogs and settings that records name.
public final class DecisionMakers {
    /// Catalogs that are held at once: records come in the order of time, and a node swaps one for another.
    private static let most = 4

    private struct Name: Hashable {
        let catalog: UInt64
        let settings: UInt64
        let models: UInt64?
        let shard: UInt32
    }

    /// Directories with a node's compiled catalogs.
    private let stores: [String]
    /// What signed the tokens of ads; nil where nobody gave them.
    private let keys: NoticeKeys?
    private var settings: [UInt64: DecisionSettings] = [:]
    /// Settings that were looked for, and where.
    private var sought: Set<String> = []
    /// Those that were found last.
    private var models: ServedModels?
    private var makers: [(name: Name, maker: DecisionMaker)] = []

    public init(stores: [String], keys: NoticeKeys?) {
        self.stores = stores
        self.keys = keys
    }

    /// Takes in a record of settings: the name, and what it names.
    public func learn(_ payload: RawSpan) throws(RecordRefusal) {
        guard payload.byteCount >= 8 else {
            throw RecordRefusal(
                offset: 0, found: "\(payload.byteCount) bytes", allowed: "the name of settings")
        }
        let name = UInt64(littleEndian: payload.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self))
        guard settings[name] == nil else { return }
        let content = payload.extracting(8..<payload.byteCount)
        guard DecisionSettings.digest(of: content) == name else {
            throw RecordRefusal(offset: 0, found: "settings under another's name", allowed: "their own")
        }
        settings[name] = try DecisionSettings(recorded: content)
    }

    /// Whether settings are still to be looked for in this directory, which is asked for once.
    func seeks(_ name: UInt64, besides directory: String) -> Bool {
        settings[name] == nil && sought.insert("\(hexadecimal(name)) \(directory)").inserted
    }

    /// The settings of a decision, with the key that signed its tokens.
    public func settings(of found: FoundDecision) throws(Failure) -> DecisionSettings {
        let name = found.record.settings
        guard var settings = settings[name] else {
            throw Failure("settings \(hexadecimal(name)) are in no segment that was read")
        }
        guard let notices = settings.notices else { return settings }
        for key in keys?.keys ?? [] where key.id == notices.keyID {
            settings.notices = notices.signed(with: key, shard: UInt8(truncatingIfNeeded: found.shard))
            return settings
        }
        throw Failure("its tokens were signed with a key that is not there: name the node's keys with --keys")
    }

    public func maker(of found: FoundDecision) throws(Failure) -> DecisionMaker {
        let record = found.record
        let name = Name(
            catalog: record.catalog, settings: record.settings, models: record.models?.version,
            shard: found.shard)
        if let found = makers.first(where: { $0.name == name }) { return found.maker }
        let settings = try settings(of: found)
        let snapshot = try snapshot(CatalogVersion(rawValue: record.catalog))
        let maker = DecisionMaker(
            snapshot, settings, plan: try plan(of: record.models?.version, for: snapshot))
        if makers.count == Self.most { makers.removeFirst() }
        makers.append((name, maker))
        return maker
    }

    /// What the models of a version make of a catalog; nil where a record names none.
    public func plan(
        of version: UInt64?, for snapshot: CatalogSnapshot
    ) throws(Failure) -> ScoringPlan? {
        guard let version else { return nil }
        let served: ServedModels
        if let models, models.version == version {
            served = models
        } else {
            served = try ModelDirectory.find(version, in: stores)
            models = served
        }
        do {
            return try ScoringPlan(served, snapshot)
        } catch { throw Failure("the models \(hexadecimal(version)): \(error)") }
    }

    private func snapshot(_ version: CatalogVersion) throws(Failure) -> CatalogSnapshot {
        for store in stores {
            let path = "\(store)/snapshots/\(version).snapshot"
            let file: MappedFile
            do {
                file = try MappedFile(path)
            } catch {
                guard error.cause == .noSuchFile else { throw Failure("\(error)") }
                continue
            }
            let snapshot: CatalogSnapshot
            do {
                snapshot = try CatalogSnapshot(validating: file.bytes, keptBy: file)
            } catch {
                throw Failure("\(path): \(error)")
            }
            guard snapshot.version == version else {
                throw Failure("\(path): is catalog \(snapshot.version)")
            }
            return snapshot
        }
        throw Failure(
            "catalog \(version) is not in \(stores.joined(separator: " or ")): name where a node keeps its compiled catalogs with --catalogs"
        )
    }
}

extension RequestKept {
    /// Why a record has no request, or that it has one.
    public var sentence: String {
        switch self {
        case .notSampled: "its request was not one of the sample that journal.requestOneIn keeps"
        case .whole: "its request was kept whole"
        case .redacted: "its request was kept without what privacy forbids to keep"
        case .unreadable: "its request could not be read again to leave out what privacy forbids to keep"
        case .tooLarge: "its request was too large to keep"
        }
    }
}
