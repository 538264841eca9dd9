// VAST 3.0 and 4.2 in the notation of `VASTGrammar`, as the IAB's schemas order them. Version 4.2 orders an
// ad's elements by the alphabet, in two runs; version 3.0 by meaning.

extension VASTGrammar {
    static let version4 = VASTGrammar(
        namespace: "http://www.iab.com/VAST",
        """
        VAST ( Ad* Error*:url ) @version
        Ad ( InLine? Wrapper? ) @id? @sequence?:integer @conditionalAd?:boolean @adType?:video|audio|hybrid
        InLine AdSystem Error*:url Extensions? Impression+ Pricing? ViewableImpression? AdServingId:text \
        AdTitle:text AdVerifications? Advertiser?:text Category* Creatives Description?:text \
        Expires?:integer Survey?
        Wrapper AdSystem Error*:url Extensions? Impression+ Pricing? ViewableImpression? AdVerifications? \
        BlockedAdCategories* Creatives?:WrapperCreatives VASTAdTagURI:url @followAdditionalWrappers?:boolean \
        @allowMultipleAds?:boolean @fallbackOnNoAd?:boolean
        AdSystem #text @version?
        Extensions Extension*
        Extension <any> @type?
        Impression #url @id?
        Pricing #decimal @model:CPC|CPM|CPE|CPV|cpc|cpm|cpe|cpv @currency:currency
        ViewableImpression Viewable*:url NotViewable*:url ViewUndetermined*:url @id?
        AdVerifications Verification*
        Verification ExecutableResource* JavaScriptResource* TrackingEvents?:VerificationEvents \
        VerificationParameters?:text @vendor?
        ExecutableResource #url @apiFramework? @type?
        JavaScriptResource #url @apiFramework? @browserOptional?:boolean
        VerificationEvents Tracking*:VerificationTracking
        VerificationTracking #url @event
        Category #text @authority:reference
        BlockedAdCategories #text @authority?:reference
        Survey #url @type?
        Creatives Creative+
        Creative CompanionAds? CreativeExtensions? Linear? NonLinearAds? UniversalAdId+ @sequence?:integer \
        @apiFramework? @id? @adId?
        UniversalAdId #text @idRegistry
        WrapperCreatives Creative+:WrapperCreative
        WrapperCreative CompanionAds? Linear?:WrapperLinear NonLinearAds?:WrapperNonLinearAds \
        @sequence?:integer @apiFramework? @id? @adId?
        CreativeExtensions CreativeExtension*
        CreativeExtension <any> @type? @any
        Linear Icons? TrackingEvents? AdParameters? Duration:time MediaFiles VideoClicks? @skipoffset?:offset
        WrapperLinear Icons? TrackingEvents? VideoClicks? @skipoffset?:offset
        Duration #time
        AdParameters #text @xmlEncoded?:boolean
        MediaFiles ClosedCaptionFiles? MediaFile+ Mezzanine* InteractiveCreativeFile*
        ClosedCaptionFiles ClosedCaptionFile*
        ClosedCaptionFile #url @type? @language?
        MediaFile #url @id? @delivery:streaming|progressive @type @width:integer @height:integer @codec? \
        @bitrate?:integer @minBitrate?:integer @maxBitrate?:integer @scalable?:boolean \
        @maintainAspectRatio?:boolean @fileSize?:integer @mediaType? @apiFramework?
        Mezzanine #url @id? @delivery:streaming|progressive @type @width:integer @height:integer @codec? \
        @fileSize?:integer @mediaType?
        InteractiveCreativeFile #url @type? @apiFramework? @variableDuration?:boolean
        VideoClicks ClickTracking*:Identified ClickThrough?:Identified CustomClick*:Identified
        Identified #url @id?
        TrackingEvents Tracking*
        Tracking #url @event:mute|unmute|pause|resume|rewind|skip|playerExpand|playerCollapse|loaded|start|\
        firstQuartile|midpoint|thirdQuartile|complete|progress|closeLinear|creativeView|acceptInvitation|\
        adExpand|adCollapse|minimize|close|overlayViewDuration|otherAdInteraction|interactiveStart \
        @offset?:offset
        Icons Icon+
        Icon HTMLResource*:text IFrameResource*:url StaticResource* IconClicks? IconViewTracking*:url \
        @program? @width?:integer @height?:integer @xPosition?:x @yPosition?:y @duration?:time @offset?:time \
        @apiFramework? @pxratio?:decimal
        StaticResource #url @creativeType
        IconClicks IconClickFallbackImages? IconClickThrough?:url IconClickTracking*:Identified
        IconClickFallbackImages IconClickFallbackImage+
        IconClickFallbackImage AltText?:text StaticResource?:url @height?:integer @width?:integer
        NonLinearAds TrackingEvents? NonLinear*
        NonLinear HTMLResource*:text IFrameResource*:url StaticResource* AdParameters? \
        NonLinearClickThrough?:url NonLinearClickTracking*:Identified @id? @width:integer @height:integer \
        @expandedWidth?:integer @expandedHeight?:integer @scalable?:boolean @maintainAspectRatio?:boolean \
        @minSuggestedDuration?:time @apiFramework?
        WrapperNonLinearAds TrackingEvents? NonLinear*:WrapperNonLinear
        WrapperNonLinear NonLinearClickTracking?:Identified
        CompanionAds Companion* @required?:all|any|none
        Companion HTMLResource*:text IFrameResource*:url StaticResource* AdParameters? AltText?:text \
        CompanionClickThrough?:url CompanionClickTracking* CreativeExtensions? TrackingEvents? @id? \
        @width:integer @height:integer @assetWidth?:integer @assetHeight?:integer @expandedWidth?:integer \
        @expandedHeight?:integer @apiFramework? @adSlotId? @pxratio?:decimal \
        @renderingMode?:default|end-card|concurrent
        CompanionClickTracking #url @id
        """)

    static let version3 = VASTGrammar(
        namespace: nil,
        """
        VAST Ad* @version
        Ad ( InLine? Wrapper? ) @id? @sequence?:integer
        InLine AdSystem AdTitle:text Description?:text Advertiser?:text Pricing? Survey?:url Error?:url \
        Impression+ Creatives Extensions?
        Wrapper AdSystem VASTAdTagURI:url Error?:url Impression+:url Creatives:WrapperCreatives Extensions?
        AdSystem #text @version?
        Pricing #decimal @model:cpc|cpm|cpe|cpv @currency:currency
        Impression #url @id?
        Creatives Creative+
        Creative ( Linear? CompanionAds? NonLinearAds? ) @id? @sequence?:integer @AdID?
        WrapperCreatives Creative*:WrapperCreative
        WrapperCreative ( Linear?:WrapperLinear CompanionAds?:WrapperCompanionAds \
        NonLinearAds?:WrapperNonLinearAds ) @id? @sequence?:integer @AdID?
        Linear Icons? CreativeExtensions? Duration:time TrackingEvents? AdParameters? VideoClicks? \
        MediaFiles? @skipoffset?:offset
        WrapperLinear CreativeExtensions? Icons? TrackingEvents? VideoClicks?:WrapperClicks
        MediaFiles MediaFile+
        MediaFile #url @id? @delivery:streaming|progressive @type @bitrate?:integer @minBitrate?:integer \
        @maxBitrate?:integer @width:integer @height:integer @scalable?:boolean \
        @maintainAspectRatio?:boolean @apiFramework? @codec?
        TrackingEvents Tracking*
        Tracking #url @event:creativeView|start|firstQuartile|midpoint|thirdQuartile|complete|mute|unmute|\
        pause|rewind|resume|fullscreen|exitFullscreen|expand|collapse|acceptInvitation|close|skip|progress|\
        acceptInvitationLinear|closeLinear @offset?:offset
        VideoClicks ClickThrough?:Identified ClickTracking*:Identified CustomClick*:Identified
        WrapperClicks ClickTracking*:Identified CustomClick*:Identified
        Identified #url @id?
        Icons Icon+
        Icon ( StaticResource? IFrameResource?:url HTMLResource? ) IconClicks? IconViewTracking*:url @program \
        @width:integer @height:integer @xPosition:x @yPosition:y @offset?:time @duration?:time @apiFramework?
        StaticResource #url @creativeType
        HTMLResource #text @xmlEncoded?:boolean
        IconClicks IconClickTracking*:url IconClickThrough?:url
        AdParameters #text @xmlEncoded?:boolean
        CompanionAds Companion* @required?:all|any|none
        Companion ( StaticResource? IFrameResource?:url HTMLResource? ) CreativeExtensions? TrackingEvents? \
        CompanionClickThrough?:url AltText?:text AdParameters? @id? @width:integer @height:integer \
        @assetWidth?:integer @assetHeight?:integer @expandedWidth?:integer @expandedHeight?:integer \
        @apiFramework? @adSlotId?
        WrapperCompanionAds Companion*:WrapperCompanion
        WrapperCompanion ( StaticResource? IFrameResource?:url HTMLResource? ) CreativeExtensions? \
        TrackingEvents? CompanionClickThrough?:url CompanionClickTracking*:url AltText?:text AdParameters? \
        @id? @width:integer @height:integer @assetWidth?:integer @assetHeight?:integer \
        @expandedWidth?:integer @expandedHeight?:integer @apiFramework? @adSlotId?
        NonLinearAds TrackingEvents? NonLinear+
        NonLinear ( StaticResource? IFrameResource?:url HTMLResource? ) CreativeExtensions? \
        NonLinearClickTracking*:url NonLinearClickThrough?:url AdParameters? @id? @width:integer \
        @height:integer @expandedWidth?:integer @expandedHeight?:integer @scalable?:boolean \
        @maintainAspectRatio?:boolean @minSuggestedDuration?:time @apiFramework?
        WrapperNonLinearAds TrackingEvents? NonLinear*:WrapperNonLinear
        WrapperNonLinear CreativeExtensions? NonLinearClickTracking*:url @id? @width?:integer \
        @height?:integer @expandedWidth?:integer @expandedHeight?:integer @scalable?:boolean \
        @maintainAspectRatio?:boolean @minSuggestedDuration?:time @apiFramework?
        Extensions Extension*
        Extension <any> @any
        CreativeExtensions CreativeExtension*
        CreativeExtension <any> @any
        """)
}
