// The fields of a request and their types, as the specification lists them: from this the generator makes
// requests and Python's program knows what to expect. The reader knows nothing of it.

enum RequestSchema {
    /// An object a line. Types: t text, T texts, n number, n=1 number with its default, N numbers, f flag, b
    /// flag that is 0 where absent, B one that is 1, p price, c currency, C currencies, d degrees, u a number
    /// from zero up with a fraction, r an object kept as it stands, X an object that is always there, ?X one
    /// that may be missing, *X a list of them.
    static let text = """
        Request id:t at:n=2 tmax:n test:b allimps:b cattax:n=1 cur:C wseat:T bseat:T acat:T bcat:T badv:T bapp:T wlang:T wlangb:T device:Device user:User regs:Regs source:Source ext:r
        Inventory id:t name:t domain:t cattax:n=1 cat:T sectioncat:T pagecat:T privacypolicy:f publisher:Publisher content:Content keywords:t kwarray:T inventorypartnerdomain:t page:t ref:t search:t mobile:f bundle:t storeurl:t ver:t paid:f venuetype:T venuetypetax:n=1 ext:r
        Publisher id:t name:t domain:t cattax:n=1 cat:T ext:r
        Outlet id:t name:t domain:t
        Content id:t episode:n title:t series:t season:t artist:t genre:t gtax:n=9 genres:T album:t isrc:t producer:Outlet url:t cattax:n=1 cat:T prodq:n context:n contentrating:t userrating:t qagmediarating:n keywords:t kwarray:T livestream:n sourcerelationship:f len:n language:t langb:t embeddable:f network:Outlet channel:Outlet realtime:n firstbroadcast:n data:*DataSource ext:r
        DataSource id:t name:t cids:T segment:*Segment ext:r
        Segment id:t name:t value:t
        Device geo:Geo dnt:f lmt:f ua:t sua:r ip:t ipv6:t devicetype:n make:t model:t os:t osv:t hwv:t w:n h:n ppi:n pxratio:u js:f geofetch:f language:t langb:t carrier:t mccmnc:t connectiontype:n ifa:t ext:r
        Geo lat:d lon:d type:n accuracy:n lastfix:n ipservice:n country:t region:t metro:t city:t zip:t utcoffset:n ext:r
        User id:t buyeruid:t keywords:t kwarray:T customdata:t geo:Geo data:*DataSource consent:t eids:*ExtendedID ext:r
        ExtendedID source:t inserter:t matcher:t mm:n uids:*UserID
        UserID id:t atype:n
        Regs coppa:f gdpr:f us_privacy:t gpp:t gpp_sid:N ext:r
        Source fd:f tid:t pchain:t schain:?SupplyChain ext:r
        SupplyChain complete:b ver:t nodes:*SupplyChainNode
        SupplyChainNode asi:t sid:t rid:t name:t domain:t hp:f
        Imp id:t banner:?Banner video:?AudioVideo audio:?AudioVideo native:r private_auction:b deals:*Deal instl:b tagid:t bidfloor:p bidfloorcur:c secure:f rwdd:b ssai:n=0 exp:n ext:r
        Banner id:t format:*Format w:n h:n btype:N battr:N pos:n mimes:T topframe:f expdir:N api:N vcm:n ext:r
        Format w:n h:n wratio:n hratio:n wmin:n
        Deal id:t bidfloor:p bidfloorcur:c at:n wseat:T wadomain:T guar:b mincpmpersec:p durfloors:*DurationFloor ext:r
        DurationFloor mindur:n=0 maxdur:n=2147483647 bidfloor:p
        AudioVideo mimes:T minduration:n maxduration:n startdelay:n protocols:N w:n h:n podid:t podseq:n=0 slotinpod:n=0 maxseq:n poddur:n rqddurs:N mincpmpersec:p poddedupe:N durfloors:*DurationFloor plcmt:n placement:n linearity:n skip:f skipmin:n=0 skipafter:n=0 sequence:n battr:N maxextended:n=0 minbitrate:n maxbitrate:n boxingallowed:B playbackmethod:N playbackend:n delivery:N pos:n companionad:*Banner companiontype:N api:N feed:n stitched:f nvol:n ext:r
        """

    /// The fields of each object, name and type, in order.
    static let objects: [String: [(name: String, type: String)]] = {
        var objects: [String: [(name: String, type: String)]] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            objects[words[0]] = words.dropFirst().map { word in
                let parts = word.split(separator: ":")
                return (String(parts[0]), String(parts[1]))
            }
        }
        return objects
    }()
}
