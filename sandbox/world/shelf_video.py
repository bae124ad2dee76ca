"""Video products: per manufacturer, rows of model | part number | description | type | cost | msrp | minutes."""

from __future__ import annotations

VIDEO: dict[str, str] = {
    "Sony": """
        FW-98BZ50L||98 inch 4K BRAVIA professional display|Displays|7151.10|9999.00|180
        FW-75BZ40L||75 inch 4K BRAVIA professional display|Displays|2498.99|3499.00|120
        FW-55BZ35L||55 inch 4K BRAVIA professional display|Displays|1055.12|1499.00|90
        SRG-A40/B|SRG-A40|4K PTZ camera with auto framing|Cameras|2754.00|3600.00|75
        SRG-X400||4K PTZ camera, 40x zoom, NDI ready|Cameras|3213.00|4200.00|75
        VPL-FHZ85/W||7300 lumen laser projector, white|Projectors|4479.30|6399.00|150
        VPLL-Z4015||Wide zoom lens for VPL-FHZ series|Projectors|1679.30|2399.00|20
        REA-C1000||Edge analytics appliance|Cameras|3059.15|3999.00|60
    """,
    "Samsung": """
        QM98C|LH98QMCEBGCXGO|98 inch 4K UHD signage display|Displays|6890.63|9990.00|180
        QM55C|LH55QMCEBGCXGO|55 inch 4K UHD signage display|Displays|893.20|1299.00|75
        QB43C|LH43QBCEBGCXGO|43 inch 4K UHD signage display|Displays|514.50|749.00|60
        VM55B-U|LH55VMBUBGBXZA|55 inch video wall display, 1.74 mm seam|Displays|2687.00|3949.00|120
        IWA 146 2K|LH012IWAMWS/XU|The Wall All-in-One, 146 inch LED|LED Walls|68250.00|97500.00|960
        OM55N-DS|LH55OMNDPGBXZA|Dual sided window display|Displays|2309.00|3399.00|150
        STN-L4355F||Foot stand for 43 to 55 inch displays|Mounts|91.00|139.00|15
        CY-TF65BRC|CY-TF65BRCXEN|Infrared touch overlay, 65 inch|Accessories|655.45|989.00|45
    """,
    "LG": """
        98UH5J-H||98 inch UHD signage display, 500 nit|Displays|6399.00|9199.00|180
        65UL3J-E||65 inch UHD signage display|Displays|949.00|1349.00|90
        55SVH7PF-A||55 inch video wall display, 0.88 mm bezel|Displays|3450.00|4999.00|120
        LAEC015-GN2||136 inch all-in-one LED screen|LED Walls|46200.00|66000.00|720
        86TR3DK-B||86 inch interactive digital board|Displays|2849.00|4049.00|120
        WM-B640S||Landscape wall mount for video wall|Mounts|171.50|245.00|40
    """,
    "Epson": """
        EB-PU2213B|V11HA64820|13000 lumen 3LCD laser projector, black|Projectors|11619.30|16599.00|210
        EB-L730U|V11HA25020|7000 lumen WUXGA laser projector|Projectors|3324.30|4749.00|120
        BrightLink 1485Fi|V11H919520|Interactive laser display|Projectors|2519.30|3599.00|150
        ELPLU03S|V12H004UA3|Short throw zoom lens|Projectors|1924.30|2749.00|20
        ELPMB67|V12HA06A05|High security projector ceiling mount|Mounts|279.30|399.00|60
        ELPAF63|V13H134AF0|Replacement air filter|Accessories|41.30|59.00|0
    """,
    "Barco": """
        ClickShare CX-50 Gen2|R9861622USB2|Wireless conferencing, 2 buttons|Collaboration|2646.00|3780.00|45
        ClickShare C-10|R9861611USB1|Wireless presentation, 2 buttons|Collaboration|1277.50|1825.00|30
        ClickShare Button Gen4|R9861600D01C|USB-C button|Collaboration|259.00|370.00|5
        G62-W14|R9010272|14000 lumen DLP laser projector|Projectors|16065.00|22950.00|240
        E2 Gen 2|R9004786|Screen management system, 4K|Video Processing|44730.00|63900.00|600
        UniSee II 55 LCD|R9863001|55 inch bezel-less LCD video wall tile|Displays|5635.00|8050.00|180
    """,
    "Poly": """
        Studio X72|A3SV9AA|All-in-one video bar for large rooms|Conferencing|3393.00|4849.00|60
        Studio X52|8D8L1AA|All-in-one video bar for medium rooms|Conferencing|1959.30|2799.00|45
        G62|6G8L9AA|Video conferencing codec|Conferencing|2169.30|3099.00|60
        TC10|875K5AA|Touch controller, 10 inch, black|Control|552.30|789.00|15
        Studio E70|842F8AA|Intelligent camera for large rooms|Cameras|1574.30|2249.00|45
        Trio C60|849A2AA|Smart conference phone|Conferencing|629.30|899.00|20
    """,
    "Logitech": """
        Rally Bar|960-001308|All-in-one video bar, graphite|Conferencing|2599.35|3999.00|60
        Rally Bar Mini|960-001336|All-in-one video bar for small rooms|Conferencing|1949.35|2999.00|45
        Tap|939-001796|Touch controller with cable kit|Control|519.35|799.00|30
        Tap IP|952-000085|PoE touch controller, graphite|Control|519.35|799.00|25
        Scribe|960-001332|Whiteboard camera|Cameras|779.35|1199.00|45
        Rally Mic Pod|989-000430|Modular microphone pod|Microphones|259.35|399.00|15
        Sight|960-001510|Tabletop companion camera|Cameras|1299.35|1999.00|40
    """,
    "Panasonic": """
        AW-UE100KPJ||4K NDI professional PTZ camera, black|Cameras|5684.00|8120.00|90
        PT-RZ14KU||14000 lumen 3-chip DLP laser projector|Projectors|25193.00|35990.00|240
        ET-D75LE30||Zoom lens 2.4-4.7:1|Projectors|3283.00|4690.00|20
        AW-RP60GJ||Compact remote camera controller|Cameras|2765.00|3950.00|45
    """,
    "Da-Lite": """
        Tensioned Advantage 189"|24119LS|Recessed electric screen, 100 x 160 in, HD Progressive 1.1|Screens|3927.00|5610.00|240
        Model C 92x164|34702|Manual wall screen, matt white|Screens|469.00|670.00|60
        Contour Electrol 69 x 110|38818L|Electric wall screen|Screens|1113.00|1590.00|120
    """,
}
