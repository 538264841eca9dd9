// Looks at everything that an accepted request has, and notes the first thing that must not be.
import OpenRTB
import Units

struct RequestLook: ~Escapable {
    private let request: BidRequest
    private var violation: String?

    /// What is wrong with the request, or nil.
    static func violation(in request: BidRequest) -> String? {
        var look = RequestLook(request)
        look.lookAtAll()
        return look.violation
    }

    @_lifetime(copy request)
    private init(_ request: BidRequest) {
        self.request = request
        violation = nil
    }

    private mutating func require(_ holds: Bool, _ what: @autoclosure () -> String) {
        if !holds, violation == nil { violation = what() }
    }

    private mutating func look(_ texts: Text...) {
        for text in texts {
            let bytes = request[text]
            let isText = bytes.withUnsafeBytes { String(validating: $0, as: UTF8.self) != nil }
            require(isText, "a text that is not UTF-8")
        }
    }

    private mutating func look(_ runs: Run<Text>...) {
        for run in runs {
            let texts = request[run]
            for index in texts.indices { look(texts[index]) }
        }
    }

    private mutating func look(_ runs: Run<Int32>...) {
        for run in runs {
            let numbers = request[run]
            for index in numbers.indices { require(numbers[index] >= -1, "a number below all lists") }
        }
    }

    private mutating func lookAtAll() {
        require(!request.id.isEmpty && !request.imps.isEmpty, "nothing to answer")
        look(request.id, request.ext, request.source.tid, request.source.pchain, request.source.ext)
        look(request.wseat, request.bseat, request.acat, request.bcat, request.badv, request.bapp)
        look(request.wlang, request.wlangb)
        let currencies = request[request.cur]
        for index in currencies.indices { require("\(currencies[index])".utf8.count == 3, "no currency") }
        if let chain = request.source.schain {
            let nodes = request[chain.nodes]
            for index in nodes.indices { look(nodes[index].asi, nodes[index].sid, nodes[index].domain) }
        }
        look(request.regs.usPrivacy, request.regs.gpp, request.regs.ext)
        look(request.regs.gppSid)
        lookAtInventory()
        lookAtViewer()
        let imps = request.imps
        for index in imps.indices {
            look(imps[index])
            for other in 0..<index {
                require(!areEqual(imps[index].id, imps[other].id), "two imps of one id")
            }
        }
        lookAtPods()
    }

    private func areEqual(_ a: Text, _ b: Text) -> Bool {
        String(copying: request.utf8(a)).utf8.elementsEqual(String(copying: request.utf8(b)).utf8)
    }

    private mutating func lookAtInventory() {
        let place = request.inventory
        look(place.id, place.name, place.domain, place.page, place.bundle, place.ext, place.keywords)
        look(place.cat, place.sectioncat, place.pagecat, place.kwarray, place.venuetype)
        look(
            place.publisher.id, place.publisher.ext, place.content.id, place.content.title, place.content.ext)
        look(place.content.network.name, place.content.channel.name, place.content.producer.domain)
        look(place.content.cat, place.content.genres, place.content.kwarray)
        look(place.content.data)
    }

    private mutating func look(_ run: Run<DataSource>) {
        let data = request[run]
        for index in data.indices {
            look(data[index].id, data[index].name, data[index].ext)
            look(data[index].cids)
            let segments = request[data[index].segment]
            for index in segments.indices { look(segments[index].id, segments[index].value) }
        }
    }

    private mutating func lookAtViewer() {
        let (device, user) = (request.device, request.user)
        look(
            device.ua, device.sua, device.ip, device.ifa, device.os, device.ext, device.geo.zip,
            device.geo.ext)
        for degrees in [device.geo.lat, user.geo.lat] { require(abs(degrees ?? 0) <= 90, "beyond the poles") }
        look(user.id, user.buyeruid, user.consent, user.ext, user.geo.country)
        look(user.kwarray)
        look(user.data)
        let eids = request[user.eids]
        for index in eids.indices {
            look(eids[index].source)
            let uids = request[eids[index].uids]
            for index in uids.indices { look(uids[index].id) }
        }
    }

    private mutating func look(_ imp: Imp) {
        look(imp.id, imp.tagid, imp.native, imp.ext)
        require(!imp.id.isEmpty && imp.bidfloor >= .zero, "an imp without id, or below nothing")
        if let banner = imp.banner { look(banner) }
        for av in [imp.video, imp.audio] {
            guard let av else { continue }
            look(av.podid, av.ext)
            look(av.mimes)
            require(!av.mimes.isEmpty, "no media type")
            look(av.protocols, av.rqddurs, av.poddedupe, av.battr, av.playbackmethod, av.delivery, av.api)
            let banners = request[av.companionad]
            for index in banners.indices { look(banners[index]) }
        }
        let deals = request[imp.deals]
        for index in deals.indices {
            look(deals[index].id, deals[index].ext)
            look(deals[index].wseat, deals[index].wadomain)
            require(request.floor(of: deals[index], seconds: 30) >= .zero, "a deal below nothing")
        }
    }

    private mutating func look(_ banner: Banner) {
        look(banner.id, banner.ext)
        look(banner.mimes)
        look(banner.btype, banner.battr, banner.expdir, banner.api)
        let formats = request[banner.format]
        for index in formats.indices { require((formats[index].w ?? 0) >= 0, "a negative width") }
    }

    private mutating func lookAtPods() {
        let (pods, imps) = (request.pods, request.imps)
        var seen = [Bool](repeating: false, count: imps.count)
        for pod in pods.indices {
            let slots = request[pods[pod].slots]
            require(!slots.isEmpty, "a pod without slots")
            for index in slots.indices {
                let slot = slots[index]
                let imp = Int(slot.imp)
                let isOther = pods[pod].kind == .single && index > 0 && slots[index - 1].media != slot.media
                require(
                    index == 0 || slots[index - 1].imp < slot.imp
                        || isOther && slots[index - 1].imp == slot.imp,
                    "slots out of order")
                require((!seen[imp] || isOther) && imps[imp].pod == Int32(pod), "a slot of two pods")
                seen[imp] = true
                let isFit = slot.minSeconds <= slot.maxSeconds && slot.maxSeconds <= slot.totalSeconds
                require(slot.minSeconds >= 0 && isFit, "ads that fit nowhere: \(slot)")
                require(slot.maxAds >= 1 && (slot.isDynamic || slot.maxAds == 1), "\(slot.maxAds) ads")
                for seconds: Int32 in [0, 15, 86_400] {
                    require(request.floor(of: slot, seconds: seconds) >= .zero, "a floor below nothing")
                }
            }
        }
        require(!seen.contains(false), "an imp in no pod")
    }
}
