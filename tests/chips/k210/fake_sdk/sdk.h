/* The part of the Kendryte standalone SDK, and of its demos' drivers, that main.c uses: the same
 * types and prototypes, for a fake board (sdk.c). */
#ifndef SDK_H
#define SDK_H

#include <stddef.h>
#include <stdint.h>

typedef enum { SYSCTL_PLL0, SYSCTL_PLL1 } sysctl_pll_t;
typedef enum { SYSCTL_CLOCK_AI } sysctl_clock_t;
typedef enum { SYSCTL_POWER_BANK6, SYSCTL_POWER_BANK7 } sysctl_power_bank_t;
typedef enum { SYSCTL_POWER_V18 } sysctl_io_power_mode_t;
uint32_t sysctl_pll_set_freq(sysctl_pll_t pll, uint32_t pll_freq);
int sysctl_clock_enable(sysctl_clock_t clock);
void sysctl_set_power_mode(sysctl_power_bank_t power_bank, sysctl_io_power_mode_t io_power_mode);
uint32_t sysctl_set_spi0_dvp_data(uint8_t en);
void sysctl_enable_irq(void);
uint64_t sysctl_get_time_us(void);
void uarths_init(void);

typedef enum { IRQN_DVP_INTERRUPT } plic_irq_t;
typedef int (*plic_irq_callback_t)(void *ctx);
void plic_init(void);
int plic_irq_enable(plic_irq_t irq_number);
int plic_set_priority(plic_irq_t irq_number, uint32_t priority);
void plic_irq_register(plic_irq_t irq, plic_irq_callback_t callback, void *ctx);

typedef enum {
    FUNC_GPIOHS0,
    FUNC_SPI0_SS3 = 100,
    FUNC_SPI0_SCLK,
    FUNC_CMOS_XCLK,
    FUNC_CMOS_RST,
    FUNC_CMOS_PWDN,
    FUNC_CMOS_VSYNC,
    FUNC_CMOS_HREF,
    FUNC_CMOS_PCLK,
    FUNC_SCCB_SCLK,
    FUNC_SCCB_SDA
} fpioa_function_t;
int fpioa_set_function(int number, fpioa_function_t function);
void *iomem_malloc(uint32_t size);

#define DVP_CFG_START_INT_ENABLE 0x1u
#define DVP_CFG_FINISH_INT_ENABLE 0x2u
#define DVP_CFG_RGB_FORMAT 0u
#define DVP_STS_FRAME_START 0x1u
#define DVP_STS_FRAME_FINISH 0x100u
typedef enum { DVP_OUTPUT_AI, DVP_OUTPUT_DISPLAY } dvp_output_mode_t;
void dvp_init(uint8_t reg_len);
uint32_t dvp_set_xclk_rate(uint32_t xclk_rate);
void dvp_enable_burst(void);
void dvp_disable_auto(void);
void dvp_set_output_enable(dvp_output_mode_t index, int enable);
void dvp_set_image_format(uint32_t format);
void dvp_set_image_size(uint32_t width, uint32_t height);
void dvp_set_ai_addr(uint32_t r_addr, uint32_t g_addr, uint32_t b_addr);
void dvp_set_display_addr(uint32_t addr);
void dvp_config_interrupt(uint32_t interrupt, uint8_t enable);
int dvp_get_interrupt(uint32_t interrupt);
void dvp_clear_interrupt(uint32_t interrupt);
void dvp_start_convert(void);
void dvp_sccb_send_data(uint8_t dev_addr, uint16_t reg_addr, uint8_t reg_data);

#define OV2640_ADDR 0x60
int ov2640_init(void);

typedef enum { DMAC_CHANNEL5 = 5 } dmac_channel_number_t;
typedef void (*kpu_done_callback_t)(void *userdata);
typedef struct {
    const uint8_t *buffer;
} kpu_model_context_t;
int kpu_load_kmodel(kpu_model_context_t *ctx, const uint8_t *buffer);
int kpu_run_kmodel(kpu_model_context_t *ctx, const uint8_t *src, dmac_channel_number_t dma_ch, kpu_done_callback_t done_callback, void *userdata);
int kpu_get_output(kpu_model_context_t *ctx, uint32_t index, uint8_t **data, size_t *size);

#define RST_GPIONUM 0
#define DCX_GPIONUM 2
#define BLACK 0
typedef enum { DIR_YX_RLDU = 0xA0 } lcd_dir_t;
void lcd_init(void);
void lcd_set_direction(lcd_dir_t dir);
void lcd_clear(uint16_t color);
void lcd_draw_picture(uint16_t x1, uint16_t y1, uint16_t width, uint16_t height, uint32_t *ptr);
void lcd_draw_string(uint16_t x, uint16_t y, char *str, uint16_t color);

typedef enum { W25QXX_OK } w25qxx_status_t;
typedef enum { W25QXX_QUAD_FAST = 5 } w25qxx_read_t;
w25qxx_status_t w25qxx_init(uint8_t spi_index, uint8_t spi_ss);
w25qxx_status_t w25qxx_enable_quad_mode(void);
w25qxx_status_t w25qxx_read_data(uint32_t addr, uint8_t *data_buf, uint32_t length, w25qxx_read_t mode);

#endif
