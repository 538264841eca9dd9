// The loading thread: looks at the catalog's files and compiles what changed, or takes what was published, and hands it to the
// shards. All that takes time happens here, behind every thread that serves.
import Catalog
import CatalogWire
import Commands
import Decision
import DecisionJournal
import Features
import Kernel
import Serving
import Settings
import Store
import Telemetry
import Units

struct CatalogLoading: Sendable {
    let catalogs: Catalogs
    let shards: [ServingThread]
    let journals: Journals
    let money: NodeMoney
    let log: Log

    /// Runs for as long as the process does: what it is in the middle of when the process ends is whole on disk or not
    /// there.
    func start() throws(Failure) {
        do {
            try Thread(name: "catalog") { [self] in run() }.detach()
        } catch {
            throw Failure("the catalog's thread could not start: \(error)")
        }
        let wake: @Sendable () -> Void = { [catalogs] in catalogs.wantReload() }
        let current = catalogs.store.current.flatMap {
            $0.source == Published.source && !catalogs.isMissing ? $0.name : nil
        }
        try catalogs.published?.start(serving: current, wake: wake) { [catalogs] in catalogs.judge() }
        try catalogs.models?.start(wake: wake)
    }

    private func run() -> Never {
        Kernel.stepBehindOtherThreads()
        // What was looked at last, whatever came of it: a catalog that is refused is not read again until it changes.
        var seen = catalogs.stamp
        var isFirst = seen == nil
        while true {
            let isWanted = isFirst || catalogs.awaitReload()
            isFirst = false
            if let arrival = catalogs.published?.takeArrival() {
                arrival.done(take(arrival.publication))
                continue
            }
            if let sets = catalogs.models, let arrival = sets.published?.takeArrival() {
                arrival.done(takeModels(into: sets))
                continue
            }
            reloadModels(isWanted: isWanted)
            guard let path = catalogs.settings.path else { continue }
            do {
                let stamp = try CatalogStamp(path)
                guard isWanted || stamp != seen else { continue }
                seen = stamp
                try reload(path, &seen)
            } catch {
                // What cannot be looked at is so at every look, and is said once; whoever asked is told again.
                if isWanted || !catalogs.isRefused(for: error) { refuse(error) }
            }
        }
    }

    private func reloadModels(isWanted: Bool) {
        guard let sets = catalogs.models, let former = catalogs.serving,
            let models = sets.changed(isWanted: isWanted)
        else { return }
        do {
            let serving = try Catalogs.Serving(former, models)
            exchange(serving) { catalogs.took(serving) }
            sets.took(models)
        } catch { sets.refuse(error) }
    }

    /// Models that were published and lie in the draft.
    private func takeModels(into sets: ModelSets) -> PublicationFollower.Verdict {
        do {
            let (directory, models) = try sets.arrived()
            if let models {
                guard let former = catalogs.serving else { return .notKept("no catalog serves yet") }
                let serving = try Catalogs.Serving(former, models)
                do { try sets.keep(directory) } catch { return .notKept(error.message) }
                exchange(serving) { catalogs.took(serving) }
                sets.took(models)
            }
            return .taken(name: hexadecimal(directory.served.version))
        } catch let failure as FileFailure {
            return .notKept("\(failure)")
        } catch {
            return .refused((error as? Failure)?.shown ?? "\(error)")
        }
    }

    private func reload(_ path: String, _ seen: inout CatalogStamp?) throws(Failure) {
        let began = Kernel.monotonicNow()
        let compiled = try CompiledCatalog(path)
        seen = compiled.stamp
        guard compiled.version != catalogs.serving?.snapshot.version else {
            return catalogs.foundUnchanged(compiled.stamp)
        }
        let files = compiled.stamp.gone(since: catalogs.stamp)
        try requireLineItems(compiled.lineItems, gone: files)
        let snapshot: CatalogSnapshot
        do {
            snapshot = try catalogs.keep(compiled)
        } catch {
            // The disk may be well again without a change of the files.
            seen = nil
            throw error
        }
        let serving = try Catalogs.Serving(snapshot, catalogs.decisions, catalogs.models?.serving)
        serve(serving, compiled.stamp, gone: files, since: began)
        try catalogs.noteServed(snapshot)
    }

    /// A catalog that was published and lies in the store's draft.
    private func take(_ publication: Publication) -> PublicationFollower.Verdict {
        let began = Kernel.monotonicNow()
        do {
            let file = try MappedFile(catalogs.store.draft)
            let snapshot = try CatalogSnapshot(validating: file.bytes, keptBy: file)
            let name = "\(snapshot.version)"
            if snapshot.version != catalogs.serving?.snapshot.version || catalogs.isMissing {
                try requireLineItems(snapshot.lineItemCount, gone: [])
                let serving = try Catalogs.Serving(snapshot, catalogs.decisions, catalogs.models?.serving)
                try catalogs.store.adoptDraft(as: name)
                serve(serving, nil, gone: [], since: began)
            }
            do { try catalogs.noteServed(snapshot) } catch { return .notKept(error.message) }
            return .taken(name: name)
        } catch let failure as FileFailure {
            return .notKept("\(failure)")
        } catch {
            if let version = catalogs.serving?.snapshot.version {
                journals.noteCatalog(version, lineItems: 0, refused: "\(error)")
            }
            return .refused((error as? Failure)?.shown ?? "\(error)")
        }
    }

    /// What was lost is no order to stop: whoever wants to serve nothing says so of each line item.
    private func requireLineItems(_ count: Int, gone files: [String]) throws(Failure) {
        let former = catalogs.serving?.snapshot.lineItemCount ?? 0
        guard count > 0 || former == 0 else {
            throw Failure(
                "\(catalogs.source): found no line item, where \(former) are served\(text(ofGone: files)); "
                    + "allowed at least one: to serve nothing, pause them")
        }
    }

    /// Everybody decides with it when this returns.
    private func serve(
        _ serving: Catalogs.Serving, _ stamp: CatalogStamp?, gone files: [String], since began: Instant
    ) {
        let former = catalogs.serving?.snapshot.lineItemCount ?? 0
        let snapshot = serving.snapshot
        exchange(serving) { catalogs.took(serving, stamp) }
        journals.noteCatalog(snapshot.version, lineItems: snapshot.lineItemCount, refused: nil)
        log.info(
            "catalog taken into use",
            [
                "version": .string("\(snapshot.version)"), "lineItems": .integer(snapshot.lineItemCount),
                "tookMilliseconds": .integer(Int((Kernel.monotonicNow() - began).wholeMilliseconds)),
            ])
        if snapshot.lineItemCount * 2 < former {
            log.warning(
                "the catalog taken into use has less than half of the line items of the one before",
                [
                    "before": .integer(former), "now": .integer(snapshot.lineItemCount),
                    "filesGone": .string(files.joined(separator: " ")),
                ])
        }
    }

    private func text(ofGone files: [String]) -> String {
        files.isEmpty ? "" : " (gone: \(files.joined(separator: ", ")))"
    }

    private func refuse(_ failure: Failure) {
        catalogs.refuse(failure)
        if let version = catalogs.serving?.snapshot.version {
            journals.noteCatalog(version, lineItems: 0, refused: failure.message)
        }
    }

    /// How often it is looked whether all shards have exchanged theirs: each does within a turn.
    private static let look = Interval.milliseconds(1)

    /// Every shard decides with it when this returns, and nobody with what was before.
    private func exchange(_ serving: Catalogs.Serving, _ took: () -> Void) {
        let terms = catalogs.decisions.campaignTerms(serving.snapshot)
        let ledger = money.ledger
        ledger.change(terms)
        ledger.pacing.change(CatalogPacing.terms(of: serving.snapshot, terms))
        // One after the other: only one shard's memory is there twice.
        for (index, shard) in shards.enumerated() {
            let exchange = CatalogExchange(catalogs.prepare(serving, shard: index, ledger))
            while !shard.take(exchange) { Kernel.sleep(for: Self.look) }
            while !exchange.isDone { Kernel.sleep(for: Self.look) }
            exchange.discard()
        }
        took()
        // Another session has begun meanwhile, of the catalog before.
        if money.ledger !== ledger { money.ledger.change(terms) }
    }
}
