// The answer's bytes: a bid response, a pod as one VAST document, or a no-bid with its reason.
internal import Catalog
internal import JSON
internal import OpenRTB
internal import Units

extension DecisionWorkspace {
    mutating func write(
        _ request: borrowing BidRequest, at now: Instant, seed: UInt64, _ format: AnswerFormat,
        _ decision: inout Decision
    ) {
        notices.begin(isTest: request.test, recalled: recalledTokens)
        do throws(JSONError) {
            switch format {
            case .openrtb: answerCount = try writeBids(request, at: now, seed: seed, &decision.trace)
            case .vast: try writePod(request, at: now, seed: seed, &decision.trace)
            }
            if decision.trace.ads == 0 { decision.noBid = .noCreativeFits }
        } catch {
            decision.noBid = .answerTooLarge
            decision.trace.ads = 0
        }
    }

    /// A no-bid says why in either format: a document without ads, or a response without bids.
    mutating func writeNoBid(_ reason: NoBid, _ request: borrowing BidRequest, _ format: AnswerFormat) {
        for index in 0..<wins.count { lose(wins[index].candidate.lineItem) }
        answerCount = 0
        switch format {
        case .openrtb:
            do throws(JSONError) {
                answerCount = try BidResponseWriter.noBid(
                    reason.rawValue, id: request.utf8(request.id), into: unsafe response.writable())
            } catch { preconditionFailure("a no-bid is smaller than the request that it answers") }
        case .vast:
            // A player of VAST 3.0 reads no later document, empty or not.
            let media = request.imps[0].video ?? request.imps[0].audio
            markup.document.reset(media.flatMap { version(request[$0.protocols]) } ?? .v4_2)
            do throws(VASTWriteError) {
                answerCount = try markup.document.write(into: unsafe response.writable()).byteCount
            } catch { preconditionFailure("a document without ads always fits") }
        }
    }

    private mutating func lose(_ lineItem: Int) {
        if outcomes[lineItem] == .won { outcomes.set(lineItem, .outbid) }
    }

    private static func number(_ seed: UInt64, _ win: Int) -> HexNumber {
        HexNumber(AdNumber(decision: seed, ad: win).rawValue)
    }

    private mutating func writeBids(
        _ request: borrowing BidRequest, at now: Instant, seed: UInt64, _ trace: inout DecisionTrace
    ) throws(JSONError) -> Int {
        var hasSeat = false
        var writer = BidResponseWriter(unsafe response.writable(), id: request.utf8(request.id))
        writer.bidid(HexNumber(seed).utf8)
        writer.cur(exchange.currency)
        for index in 0..<wins.count {
            let win = wins[index]
            let number = Self.number(seed, index)
            guard
                notices.sign(
                    win, number: index, decision: seed, at: now, viewer, .openrtb,
                    snapshot)
            else {
                outcomes.set(win.candidate.lineItem, .unreserved)
                trace.ads -= 1
                continue
            }
            tellMacros(of: win, index, seed: seed, at: now, request)
            wins[index].sealedViewer = notices.sealedViewer
            let key = MarkupKey(win)
            let template = win.medium == Self.banner ? nil : templates.find(key)
            var file: Int?
            var written: Int?
            if win.medium == Self.banner {
                file = bannerFile(of: win, request)
                if let file { written = markup.writeBanner(win, file: file, snapshot, notices, request) }
            } else if template == nil {
                written = markup.write(win, snapshot, demand, notices, request)
            }
            guard template != nil || written != nil else {
                // The slot's limits left nothing that could be played.
                outcomes.set(win.candidate.lineItem, .media)
                trace.ads -= 1
                continue
            }
            wins[index].isWritten = true
            if !hasSeat {
                hasSeat = true
                writer.beginSeat(unsafe UTF8Span(unchecked: seat.span))
            }
            writer.beginBid(
                id: number.utf8, impid: request.utf8(request.imps[win.imp].id), price: win.sale.price)
            if let template {
                templates.write(template, number: number, notices, to: &writer)
            } else {
                let start = writer.byteCount
                writer.markup(.adm, markup.bytes.text(written ?? 0), macros)
                writer.notices(notices, macros)
                writer.describe(win, file.map { snapshot.mediaRow($0) }, snapshot)
                // Where macros have values, markup is another one in each answer.
                if win.medium != Self.banner, macros.isEmpty, markup.isOfItsKey,
                    writer.byteCount <= response.capacity
                {
                    templates.keep(
                        start..<writer.byteCount, of: response, key, number: number, notices)
                }
            }
            writer.finish(win, snapshot, request)
            writer.endBid()
        }
        if hasSeat { writer.endSeat() }
        return try writer.finish()
    }

    /// The ads of the first pod that has any, in their order.
    private mutating func writePod(
        _ request: borrowing BidRequest, at now: Instant, seed: UInt64, _ trace: inout DecisionTrace
    ) throws(JSONError) {
        for index in 0..<wins.count {
            let win = wins[index]
            tellMacros(of: win, index, seed: seed, at: now, request)
            wins[index].isWritten =
                win.pod == wins[0].pod
                && notices.sign(
                    win, number: index, decision: seed, at: now, viewer, .vast,
                    snapshot)
                && markup.write(win, snapshot, demand, notices, request) != nil
            if !wins[index].isWritten {
                lose(win.candidate.lineItem)
                trace.ads -= 1
            }
            wins[index].sealedViewer = notices.sealedViewer
        }
        guard trace.ads > 0 else { return }
        markup.document.reset(wins[0].version)
        // Every place has what its imp asks for, though all are of one document.
        var devices = InlineArray<16, VASTDevice>(repeating: VASTDevice())
        var sequence = 0
        for index in 0..<wins.count where wins[index].isWritten {
            devices[sequence] = wins[index].device
            sequence += 1
            // Signed once already; the same bytes come of it.
            _ = notices.sign(
                wins[index], number: index, decision: seed, at: now, viewer, .vast,
                snapshot)
            tellMacros(of: wins[index], index, seed: seed, at: now, request)
            markup.add(
                wins[index], sequence: trace.ads > 1 ? sequence : 0, snapshot, demand, notices, request)
        }
        do throws(VASTWriteError) {
            answerCount = try markup.document.write(
                into: unsafe response.writable(), for: devices.span.extracting(first: sequence)
            ).byteCount
        } catch { throw JSONError(.bufferTooSmall, at: 0) }
    }
}

extension DecisionWorkspace {
    /// What the macros of the ad to be written stand for.
    private mutating func tellMacros(
        of win: Win, _ index: Int, seed: UInt64, at now: Instant, _ request: borrowing BidRequest
    ) {
        let number = AdNumber(decision: seed, ad: index).rawValue
        markup.macros.facts = AdFacts(
            candidate: win.candidate, sale: win.sale, ad: HexNumber(number), decision: HexNumber(seed),
            number: number, currency: exchange.currency, now: now, requestID: request.id,
            impID: request.imps[win.imp].id, isSeller: isSeller, isBanner: win.medium == Self.banner)
    }
}

/// The number that an ad goes by in all of its messages, as sixteen hexadecimal digits. It follows from the number
/// of the decision, so that a record of the decision knows it.
public struct AdNumber: Hashable, Sendable {
    public let rawValue: UInt64

    public init(decision: UInt64, ad: Int) {
        var numbers = SplitMix64(state: decision &+ UInt64(truncatingIfNeeded: ad))
        rawValue = numbers.next()
    }
}

extension BidResponseWriter {
    /// What a bid says of its ad beside the markup, as every bid with this creative does: see `MarkupKey`.
    @_lifetime(self: copy self)
    mutating func describe(_ win: Win, _ file: MediaRow?, _ snapshot: CatalogSnapshot) {
        let creative = snapshot.creativeRow(win.candidate.creative)
        beginList(.adomain)
        for place in snapshot.advertiserDomains(win.candidate.advertiser) {
            element(snapshot.utf8(snapshot.advertiserDomain(at: place)))
        }
        endList()
        field(.cid, snapshot.utf8(snapshot.campaignID(win.candidate.campaign)))
        field(.crid, snapshot.utf8(snapshot.creativeID(win.candidate.creative)))
        if let place = snapshot.bundles(ofCreative: win.candidate.creative).first {
            field(.bundle, snapshot.utf8(snapshot.bundle(at: place)))
        }
        if !creative.categories.isEmpty {
            beginList(.cat)
            for place in creative.categories { element(snapshot.utf8(snapshot.category(at: place))) }
            endList()
        }
        if !creative.attributes.isEmpty {
            beginList(.attr)
            for place in creative.attributes { element(Int32(snapshot.attribute(inList: place))) }
            endList()
        }
        if win.medium == DecisionWorkspace.banner {
            field(.mtype, MarkupType.banner)
            if let file {
                field(.w, Int32(clamping: file.width))
                field(.h, Int32(clamping: file.height))
            }
        } else {
            // AdCOM's numbers of versions, and of their wrappers.
            let is4 = win.version == .v4_2
            field(.protocol, creative.tag == nil ? is4 ? 13 : 3 : is4 ? 14 : 6)
            field(.mtype, win.medium == 0 ? MarkupType.video : MarkupType.audio)
            field(.dur, win.candidate.seconds)
        }
    }

    /// What a bid says of its place in this answer, and what stands behind that.
    @_lifetime(self: copy self)
    mutating func finish(_ win: Win, _ snapshot: CatalogSnapshot, _ request: borrowing BidRequest) {
        // The place that was asked for is the one that is bid on.
        let imp = request.imps[win.imp]
        let place = win.medium == 0 ? imp.video?.slotinpod : imp.audio?.slotinpod
        if let place, place != 0 { field(.slotinpod, place) }
        if win.reservation.seconds > 0 { field(.exp, Int32(clamping: win.reservation.seconds)) }
        if let language = snapshot.creativeRow(win.candidate.creative).language {
            field(.language, snapshot.utf8(language))
        }
        if !win.dealID.isEmpty { field(.dealid, request.utf8(win.dealID)) }
    }
}
