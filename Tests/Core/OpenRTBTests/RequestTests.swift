// What is understood of a request that is accepted.
import OpenRTB
import Testing
import Units

@Suite struct RequestTests {
    @Test func readsTheRequestsOwnFields() throws {
        try reading(Samples.hybridPod) { request in
            #expect(request.string(request.id) == "req-1")
            #expect(request.at == 1 && request.tmax == 250 && request.test)
            let currencies = request[request.cur]
            #expect(currencies.indices.map { "\(currencies[$0])" } == ["USD", "EUR"])
            #expect(request.strings(request.bcat) == ["IAB25", "IAB26"])
            #expect(request.strings(request.badv) == ["no.example"])
            #expect(request.strings(request.bapp) == ["com.no"] && request.strings(request.wseat) == ["s1"])
            #expect(request.bseat.isEmpty && request.imps.count == 3)
        }
    }

    @Test func readsImpsWithTheirDeals() throws {
        try reading(Samples.hybridPod) { request in
            let imp = request.imps[0]
            #expect(imp.bidfloor == Micros(15_500_000) && imp.secure == true && imp.ssai == 2)
            #expect(request.string(imp.ext) == #"{"rule":"x"}"# && imp.exp == 7200)
            let video = try #require(imp.video)
            #expect(request.strings(video.mimes) == ["video/mp4", "video/webm"])
            #expect(request.numbers(video.protocols) == [7, 11, 13] && video.plcmt == 1)
            #expect(video.w == 1920 && video.h == 1080 && video.startdelay == StartDelay.preRoll)
            #expect(request.string(video.ext) == #"{"x":1}"#)
            let deals = request[imp.deals]
            try #require(deals.count == 2)
            #expect(request.string(deals[0].id) == "deal-1" && deals[0].at == AuctionType.fixedPrice)
            #expect("\(deals[0].bidfloorcur)" == "EUR" && deals[0].guar && !imp.privateAuction)
            #expect(request.strings(deals[0].wseat) == ["s1", "s2"])
            #expect(request.strings(deals[0].wadomain) == ["shop.example"])
            // A deal's currency is its own: not the imp's, and dollars where it names none.
            #expect(deals[1].bidfloorcur == .usd)
            #expect(request.floor(of: deals[1], seconds: 9) == Micros(6_750_000))
            #expect(request.floor(of: deals[1], seconds: 2) == Micros(1_500_000))
        }
    }

    @Test func readsInventoryDeviceAndUser() throws {
        try reading(Samples.hybridPod) { request in
            let app = request.inventory
            #expect(app.kind == .app && request.string(app.bundle) == "com.example.tv")
            #expect(request.string(app.publisher.domain) == "media.example")
            // Escapes are gone.
            #expect(request.string(app.content.title) == "Café \"Nord\"")
            #expect(app.content.livestream == 1 && app.content.len == 3600 && app.content.episode == 3)
            #expect(request.strings(app.content.genres) == ["7", "9"] && app.content.gtax == 9)
            #expect(request.string(app.content.network.domain) == "abc.example")
            #expect(request.string(app.content.channel.name) == "WABC")
            let data = request[app.content.data]
            let segments = request[data[0].segment]
            #expect(request.string(segments[0].value) == "v")
            let device = request.device
            #expect(device.devicetype == 3 && device.lmt == false && device.dnt == nil)
            #expect(device.geo.lat == 40.7128 && device.geo.lon == -74.006 && device.geo.utcoffset == -300)
            #expect(request.string(device.geo.zip) == "10001")
            let eids = request[request.user.eids]
            try #require(eids.count == 2)
            let uids = request[eids[0].uids]
            #expect(uids.count == 2 && request.string(uids[1].id) == "e2" && uids[0].atype == 3)
            #expect(request.string(request[eids[1].uids][0].id) == "e3")
        }
    }

    @Test func readsRegulationsAndTheSupplyChain() throws {
        try reading(Samples.hybridPod) { request in
            let regs = request.regs
            #expect(regs.coppa == false && regs.gdpr == true)
            #expect(request.string(regs.gpp) == "DBA" && request.numbers(regs.gppSid) == [7, 8])
            #expect(request.string(regs.usPrivacy) == "1YNN")
            #expect(request.string(request.user.consent) == "CPc")
            let chain = try #require(request.source.schain)
            let nodes = request[chain.nodes]
            #expect(chain.complete && nodes.count == 2 && request.string(nodes[1].asi) == "y.example")
            #expect(nodes[1].hp == true && request.source.fd == true)
        }
    }

    @Test func readsWhatStoodElsewhereBefore() throws {
        try reading(Samples.olderPlaces) { request in
            #expect(request.regs.gdpr == true && request.string(request.regs.usPrivacy) == "1---")
            #expect(request.string(request.regs.gpp) == "DBB" && request.numbers(request.regs.gppSid) == [2])
            #expect(request.string(request.user.consent) == "COld" && request.user.eids.count == 1)
            let chain = try #require(request.source.schain)
            #expect(!chain.complete && request.string(request[chain.nodes][0].sid) == "9")
            #expect(request.string(request.inventory.page) == "https://news.example/a")
            let banner = try #require(request.imps[0].banner)
            #expect(request[banner.format][1].h == 600 && request.numbers(banner.btype) == [1, 4])
        }
    }

    /// In either order.
    @Test(arguments: [
        #""regs":{"gdpr":0,"ext":{"gdpr":1}},"user":{"consent":"new","ext":{"consent":"old"}}"#,
        #""regs":{"ext":{"gdpr":1},"gdpr":0},"user":{"ext":{"consent":"old"},"consent":"new"}"#,
    ])
    func theNewerPlaceHolds(_ fields: String) throws {
        try reading(Samples.request(fields)) { request in
            #expect(request.regs.gdpr == false && request.string(request.user.consent) == "new")
        }
    }

    /// Absence, null, "" and an empty list are the same; what OpenRTB gives a default has it.
    @Test func whatIsNotSaidIsUnknown() throws {
        let said = #","maxduration":null,"podid":"","protocols":[],"skip":null"#
        for text in [Samples.video(), Samples.video(said)] {
            try reading(text) { request in
                let imp = request.imps[0]
                let video = try #require(imp.video)
                #expect(video.maxduration == nil && video.skip == nil && video.podid.isEmpty)
                #expect(video.protocols.isEmpty && video.boxingallowed && video.podseq == 0)
                #expect(imp.bidfloor == .zero && imp.bidfloorcur == .usd && imp.secure == nil)
                #expect(request.at == AuctionType.secondPricePlus && request.tmax == nil && !request.test)
                #expect(request.inventory.kind == .unknown && request.regs.gdpr == nil)
                #expect(request.source.schain == nil && request.pods[0].kind == .single)
            }
        }
    }

    /// A value that no list knows yet is kept, where nothing is decided by it.
    @Test func keepsWhatListsDoNotKnowYet() throws {
        try reading(Samples.video(#","protocols":[99],"podseq":7,"pos":12"#)) { request in
            let video = try #require(request.imps[0].video)
            #expect(request.numbers(video.protocols) == [99] && video.podseq == 7 && video.pos == 12)
        }
    }

    /// A floor finer than a micro is rounded up, so that no bid at the floor is below it.
    @Test(arguments: [
        ("1.25", 1_250_000), ("1.2500000", 1_250_000), ("0.1234561", 123_457), ("1e-9", 1), ("0", 0),
        ("1000000", 1_000_000_000_000), ("12.5e1", 125_000_000),
    ])
    func readsFloors(_ text: String, _ micros: Int64) throws {
        try reading(Samples.video("", imp: #","bidfloor":\#(text)"#)) { request in
            #expect(request.imps[0].bidfloor == Micros(micros))
        }
    }

    /// One reader, one request after another: nothing of the last one stays.
    @Test func forgetsTheLastRequest() throws {
        var reader = BidRequestReader()
        for text in [Samples.hybridPod, Samples.olderPlaces, "{", Samples.video()] {
            let bytes = Array(text.utf8)
            _ = try? reader.read(bytes.span.bytes)
        }
        let bytes = Array(Samples.video().utf8)
        let request = try reader.read(bytes.span.bytes)
        #expect(request.imps.count == 1 && request.pods.count == 1 && request.tmax == nil)
        #expect(request.user.eids.isEmpty && request.bcat.isEmpty && request.regs.gdpr == nil)
    }
}
